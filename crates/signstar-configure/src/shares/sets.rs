//! The set of shares that is in force, and the one that is to come.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use signstar_shares::{Recipient, Secret};

use super::{
    SharesError,
    file::{Access, folder, sync, text, write},
    set::{Set, damaged},
};

/// A file with the id of the set that opens the credentials.
const IN_FORCE: &str = "in-force";
/// A file with the id of the set that waits to be confirmed.
const NEXT: &str = "next";

/// All sets. One file names the one in force and another the next: to put the next in force is to
/// rename that file, so at any moment exactly one set is in force, and it is whole.
#[derive(Debug)]
pub(super) struct Sets {
    folder: PathBuf,
    pub(super) in_force: Option<Set>,
    pub(super) next: Option<Set>,
}

impl Sets {
    /// Reads those in `folder`; none if it is not there.
    pub(super) fn read(folder: &Path) -> Result<Self, SharesError> {
        let set = |name: &str| {
            let path = folder.join(name);
            let id = text(&path).map_err(SharesError::file(&path))?;
            let Some(id) = id else {
                return Ok(None);
            };
            let id = id.trim_end();
            if id.len() != 32 || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(damaged(&path, "there is no id of a set in it"));
            }
            Set::read(folder.join(id)).map(Some)
        };
        Ok(Self {
            in_force: set(IN_FORCE)?,
            next: set(NEXT)?,
            folder: folder.to_owned(),
        })
    }

    /// Both, the one in force first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Set> {
        self.in_force.iter().chain(&self.next)
    }

    /// Makes a set that opens `secret`; it is the next from now on.
    pub(super) fn make(
        &mut self,
        secret: &Secret,
        threshold: u8,
        holders: &[(String, Recipient)],
    ) -> Result<(), SharesError> {
        let access = Access {
            mode: 0o700,
            ..Access::PRIVATE
        };
        folder(&self.folder, access).map_err(SharesError::file(&self.folder))?;
        let set = Set::make(&self.folder, secret, threshold, holders)?;
        let path = self.folder.join(NEXT);
        let id = format!("{}\n", set.id());
        write(&path, id.as_bytes(), Access::PRIVATE).map_err(SharesError::file(path))?;
        self.next = Some(set);
        self.tidy()
    }

    /// Puts the next set in force; the one before is gone.
    pub(super) fn promote(&mut self) -> Result<(), SharesError> {
        let failed = SharesError::file(&self.folder);
        fs::rename(self.folder.join(NEXT), self.folder.join(IN_FORCE))
            .and_then(|()| sync(&self.folder))
            .map_err(failed)?;
        self.in_force = self.next.take();
        self.tidy()
    }

    /// Gives the next set up; the one in force stays.
    pub(super) fn abandon(&mut self) -> Result<(), SharesError> {
        let path = self.folder.join(NEXT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed
                .and_then(|()| sync(&self.folder))
                .map_err(SharesError::file(path))?,
        }
        self.next = None;
        self.tidy()
    }

    /// Removes what was begun and not finished, and what is over.
    pub(super) fn tidy(&self) -> Result<(), SharesError> {
        let failed = || SharesError::file(&self.folder);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed())?,
        };
        for entry in entries {
            let path = entry.map_err(failed())?.path();
            let is_kept = self.all().any(|set| set.folder == path);
            if path.is_dir() && !is_kept {
                Set::remove(&path).map_err(SharesError::file(&path))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use signstar_shares::{Recipient, Secret};

    use super::*;

    const KEYS: [&str; 2] = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF5elNy849+hHqCP2CsreYMhcY5nEAKuZLjU2fuuMrYp",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1q5apwTTh2b3YmgUKQPiQSLJiYt+H6Ehx45lKQfAcM",
    ];

    fn holders() -> Vec<(String, Recipient)> {
        let of = |(name, key): (&str, &str)| {
            let key = Recipient::from_openssh(key).expect("a key");
            (name.to_owned(), key)
        };
        ["alice", "bob"].into_iter().zip(KEYS).map(of).collect()
    }

    fn secret() -> Secret {
        Secret::new(b"{}".to_vec()).expect("short")
    }

    fn folders(of: &Path) -> usize {
        let entries = fs::read_dir(of).expect("there");
        entries.flatten().filter(|one| one.path().is_dir()).count()
    }

    #[test]
    fn one_set_is_in_force_whatever_is_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().join("shares");
        let mut sets = Sets::read(&here).expect("none");
        assert_eq!(sets.all().count(), 0);
        sets.make(&secret(), 2, &holders()).expect("made");
        sets.promote().expect("in force");
        let first = sets.in_force.as_ref().expect("there").id();

        // A set was written, and then the power failed.
        Set::make(&here, &secret(), 2, &holders()).expect("made");
        let sets = Sets::read(&here).expect("read");
        assert!(sets.next.is_none());
        assert_eq!(sets.in_force.as_ref().map(Set::id), Some(first.clone()));
        sets.tidy().expect("tidy");
        assert_eq!(folders(&here), 1);

        // A next one was made, and given up.
        let mut sets = Sets::read(&here).expect("read");
        sets.make(&secret(), 2, &holders()).expect("made");
        let mut sets = Sets::read(&here).expect("read");
        assert!(sets.next.is_some());
        sets.abandon().expect("given up");
        assert_eq!(folders(&here), 1);

        // It is in force, and then the power failed before the old one was removed.
        sets.make(&secret(), 2, &holders()).expect("made");
        let second = sets.next.as_ref().expect("there").id();
        fs::rename(here.join(NEXT), here.join(IN_FORCE)).expect("renamed");
        let sets = Sets::read(&here).expect("read");
        assert_eq!(sets.in_force.as_ref().map(Set::id), Some(second.clone()));
        sets.tidy().expect("tidy");
        assert!(!here.join(first).exists());
        assert!(here.join(second).exists());
    }

    #[test]
    fn a_box_of_another_set_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sets = Sets::read(folder.path()).expect("none");
        sets.make(&secret(), 2, &holders()).expect("made");
        let one = sets.next.clone().expect("there");
        let other = Set::make(folder.path(), &secret(), 2, &holders()).expect("made");
        fs::copy(other.folder.join("box"), one.folder.join("box")).expect("copied");
        let error = Sets::read(folder.path()).expect_err("damaged");
        assert!(error.to_string().contains("different sets"), "{error}");
        fs::write(folder.path().join(NEXT), "../../etc\n").expect("written");
        let error = Sets::read(folder.path()).expect_err("damaged");
        assert!(error.to_string().contains("no id"), "{error}");
    }
}
