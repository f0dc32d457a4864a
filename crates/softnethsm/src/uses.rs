//! Uses of keys: noted before the signature is answered, counted in the store soon after.
//!
//! Writing the store takes a disk some milliseconds, too long for every signature. So each use is
//! appended to a file first, which outlives the process but not a power cut, and the sums go to the
//! store ten times a second. Each file has a number, and the store says from which number on files
//! are not counted yet: in the same commit as the sums, so nothing is counted twice.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::seal::SealKey;

/// How often the key at each path was used.
pub(crate) type Sums = HashMap<String, u64>;

/// The uses that the store does not know of yet.
pub(crate) struct Uses {
    folder: PathBuf,
    key: SealKey,
    noted: Mutex<Noted>,
}

struct Noted {
    sums: Sums,
    /// What was taken out to be committed, and is not yet.
    taken: Sums,
    /// The number of the file that is written.
    number: u64,
    file: Option<File>,
    is_closed: bool,
}

impl Uses {
    /// Takes up what an earlier process noted in files from `first` on, and forgets those before.
    pub(crate) fn open(folder: &Path, key: SealKey, first: u64) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(failed)?;
        let mut noted = Noted {
            sums: Sums::new(),
            taken: Sums::new(),
            number: first,
            file: None,
            is_closed: false,
        };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let number = path
                .file_name()
                .and_then(|name| name.to_str()?.parse::<u64>().ok());
            match number {
                Some(number) if number >= first => {
                    replay(
                        &key,
                        number,
                        &fs::read(&path).map_err(failed)?,
                        &mut noted.sums,
                    );
                    noted.number = noted.number.max(number.saturating_add(1));
                }
                Some(_) => fs::remove_file(&path).map_err(failed)?,
                None => {}
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            key,
            noted: Mutex::new(noted),
        })
    }

    /// Notes one use. When this returns, the use survives the end of the process.
    pub(crate) fn note(&self, path: &str) -> Result<(), StoreError> {
        let mut noted = self.noted();
        if noted.is_closed {
            return Err(StoreError::Closed);
        }
        let number = noted.number;
        let sealed = self.key.seal(&number.to_string(), path.as_bytes())?;
        let length = u16::try_from(sealed.len()).map_err(failed)?;
        let file = match &mut noted.file {
            Some(file) => file,
            none => none.insert(create(&self.file(number)).map_err(failed)?),
        };
        file.write_all(&[&length.to_be_bytes(), sealed.as_slice()].concat())
            .map_err(failed)?;
        *noted.sums.entry(path.to_owned()).or_default() += 1;
        Ok(())
    }

    /// Takes no more uses.
    pub(crate) fn close(&self) {
        self.noted().is_closed = true;
    }

    /// Whether the store lacks uses of the key at `path`; of any key without a path.
    ///
    /// Sums that were taken out are lacking until they are forgotten.
    pub(crate) fn is_waiting(&self, path: Option<&str>) -> bool {
        let noted = self.noted();
        [&noted.sums, &noted.taken]
            .iter()
            .any(|sums| path.map_or(!sums.is_empty(), |path| sums.contains_key(path)))
    }

    /// Takes all sums out, to be committed together with the number that comes with them.
    ///
    /// [`Self::forget`] or [`Self::restore`] comes before the next one.
    pub(crate) fn take(&self) -> (Sums, u64) {
        let mut noted = self.noted();
        noted.number += 1;
        noted.file = None;
        noted.taken = std::mem::take(&mut noted.sums);
        (noted.taken.clone(), noted.number)
    }

    /// Takes back sums that could not be committed.
    pub(crate) fn restore(&self) {
        let mut noted = self.noted();
        for (path, uses) in std::mem::take(&mut noted.taken) {
            *noted.sums.entry(path).or_default() += uses;
        }
    }

    /// Forgets what was taken and the files before `number`: all that is committed.
    pub(crate) fn forget(&self, number: u64) {
        self.noted().taken.clear();
        // One that stays is removed at the next start. Usually there is one: the last.
        for number in (0..number).rev() {
            if fs::remove_file(self.file(number)).is_err() {
                return;
            }
        }
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Adds up the uses in a file, until its end or until it was torn by a crash.
fn replay(key: &SealKey, number: u64, mut octets: &[u8], sums: &mut Sums) {
    let place = number.to_string();
    while let Some((length, rest)) = octets.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((sealed, rest)) = rest.split_at_checked(length) else {
            return;
        };
        let Ok(path) = key.open(&place, sealed) else {
            return;
        };
        *sums
            .entry(String::from_utf8_lossy(&path).into_owned())
            .or_default() += 1;
        octets = rest;
    }
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Database(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, first: u64) -> Uses {
        Uses::open(folder, SealKey::new([3; 32]), first).expect("opened")
    }

    #[test]
    fn what_was_noted_is_found_again_and_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let uses = open(folder.path(), 0);
        for path in ["/key/a", "/key/b", "/key/a"] {
            uses.note(path).expect("noted");
        }
        drop(uses);

        let uses = open(folder.path(), 0);
        uses.note("/key/a").expect("noted");
        drop(uses);

        let uses = open(folder.path(), 0);
        let (sums, number) = uses.take();
        assert_eq!(
            sums,
            Sums::from([("/key/a".to_owned(), 3), ("/key/b".to_owned(), 1)])
        );
        drop(uses);
        assert!(!open(folder.path(), number).is_waiting(None), "counted");
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            0,
            "forgotten"
        );
    }

    #[test]
    fn what_is_on_its_way_to_the_store_is_still_lacking_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let uses = open(folder.path(), 0);
        uses.note("/key/a").expect("noted");
        uses.take();
        assert!(uses.is_waiting(Some("/key/a")));
        assert!(!uses.is_waiting(Some("/key/b")));

        uses.restore();
        uses.note("/key/a").expect("noted");
        let (sums, number) = uses.take();
        assert_eq!(sums, Sums::from([("/key/a".to_owned(), 2)]));
        uses.forget(number);
        assert!(!uses.is_waiting(None));
    }

    #[test]
    fn a_torn_file_counts_up_to_the_tear() {
        let folder = tempfile::tempdir().expect("a folder");
        let uses = open(folder.path(), 0);
        uses.note("/key/a").expect("noted");
        uses.note("/key/a").expect("noted");
        drop(uses);
        let file = folder.path().join("0");
        let octets = fs::read(&file).expect("read");
        fs::write(&file, &octets[..octets.len() - 1]).expect("written");
        assert_eq!(
            open(folder.path(), 0).take().0,
            Sums::from([("/key/a".to_owned(), 1)])
        );
    }
}
