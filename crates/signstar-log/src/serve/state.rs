//! What the writer of a log knows and the public need not: the lock, and the pending record.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use signstar::log::{Hash, Head};

use super::Error;
use crate::{
    durable::{self, OnPath, Readers},
    folder::MAX_CHECKPOINT,
};

/// The room of the pending record: one sector, which is written whole or not at all by most
/// disks; where it is not, the hash tells.
const RECORD: usize = 512;
/// The file with the checkpoint that waits for witnesses.
const COMMITTED: &str = "committed";

/// The private folder of one writer. The lock is held until this is dropped.
#[derive(Debug)]
pub struct State {
    pending: File,
    path: PathBuf,
    _lock: File,
}

impl State {
    /// Takes the folder `path`, creates it if it is missing, and locks it.
    pub fn lock(path: &Path) -> Result<Self, Error> {
        durable::create_folder(path, Readers::Owner)?;
        let open = |name: &str| {
            let path = path.join(name);
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .on("open", &path)
        };
        let lock = open("lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(source).on("lock", path)?,
        }
        let pending = open("pending")?;
        // So that it needs no room later, and its name is durable.
        let length = fs::metadata(path.join("pending")).on("read", path)?.len();
        if length == 0 {
            pending.write_all_at(&[b' '; RECORD], 0).on("write", path)?;
        }
        pending.sync_all().on("sync", path)?;
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .on("sync", path)?;
        Ok(Self {
            pending,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The head that was last about to be signed; nothing if there was none, or if writing it
    /// down did not succeed: then it was not signed.
    pub(super) fn pending(&self) -> Result<Option<Head>, Error> {
        let mut record = [0; RECORD];
        self.pending
            .read_exact_at(&mut record, 0)
            .on("read", &self.path)?;
        Ok(parse(&record))
    }

    /// The octets of the checkpoint that was signed last and waited for witnesses, if one did.
    pub(super) fn committed(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(durable::read(&self.path.join(COMMITTED), MAX_CHECKPOINT)?)
    }

    /// Keeps, durably, a checkpoint that waits for witnesses before it is published.
    pub(super) fn commit(&self, checkpoint: &str) -> Result<(), Error> {
        let path = self.path.join(COMMITTED);
        durable::write(&path, checkpoint.as_bytes(), Readers::Owner)?;
        Ok(())
    }

    /// Remembers, durably, that `head` is about to be signed.
    pub(super) fn remember(&self, head: Head) -> Result<(), Error> {
        let record = write(head);
        self.pending
            .write_all_at(&record, 0)
            .and_then(|()| self.pending.sync_data())
            .on("write", &self.path)?;
        Ok(())
    }
}

/// `SIZE ROOT HASH`, the hash over the two before it, then spaces.
fn write(head: Head) -> Vec<u8> {
    let said = format!("{} {}", head.size, head.root);
    let mut record = format!("{said} {}\n", Hash::leaf(said.as_bytes())).into_bytes();
    record.resize(RECORD, b' ');
    record
}

fn parse(record: &[u8]) -> Option<Head> {
    let (line, _) = str::from_utf8(record).ok()?.split_once('\n')?;
    let (said, hash) = line.rsplit_once(' ')?;
    let (size, root) = said.split_once(' ')?;
    let head = Head {
        size: size.parse().ok()?,
        root: root.parse().ok()?,
    };
    let hash: Hash = hash.parse().ok()?;
    (hash == Hash::leaf(said.as_bytes())).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_record_is_none() {
        let head = Head {
            size: 17,
            root: Hash::leaf(b"x"),
        };
        let record = write(head);
        assert_eq!(record.len(), RECORD);
        assert_eq!(parse(&record), Some(head));
        for at in 0..record
            .iter()
            .rposition(|&octet| octet == b'\n')
            .expect("a line")
        {
            let mut torn = record.clone();
            torn[at] ^= 1;
            assert_eq!(parse(&torn), None, "octet {at}");
        }
        assert_eq!(parse(&[b' '; RECORD]), None);
        assert_eq!(parse(&[0; RECORD]), None);
    }

    #[test]
    fn there_is_one_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let first = State::lock(&path).expect("free");
        assert!(matches!(State::lock(&path), Err(Error::Locked(_))));
        drop(first);
        State::lock(&path).expect("free again");
    }
}
