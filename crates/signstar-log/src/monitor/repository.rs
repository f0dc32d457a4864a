//! The signatures in a package repository, compared with those in the log.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use signstar::{
    log::{Entry, Head, Reader},
    sign::Detached,
};

use super::CannotWatch;
use crate::{
    durable::{self, OnPath as _, StorageError},
    listing::{self, Order, Row},
    source::Source,
};

/// The longest signature that `repo-add` takes is 16 KiB; a longer file is none of ours.
const LIMIT: u64 = 1 << 16;
/// How many of each kind are named; the others are counted.
const NAMED: usize = 1000;

/// Where repository and log differ.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// How many signatures are in both.
    pub matching: u64,
    /// Files with a signature that is not in the log, or with none.
    pub not_in_log: Mismatch<PathBuf>,
    /// Entries whose signature is in no file: replaced since, elsewhere, or never published.
    pub without_file: Mismatch<Row>,
}

/// What differs: the first thousand, and how many.
#[derive(Clone, Debug, Serialize)]
pub struct Mismatch<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Default for Mismatch<T> {
    fn default() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T> Mismatch<T> {
    fn push(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(one);
        }
    }
}

/// The signatures that a package repository holds: 32 octets and a path for each file.
#[derive(Debug, Default)]
pub struct Repository {
    files: HashMap<Key, Vec<PathBuf>>,
    /// Files `*.sig` that hold no signature, so none of the log.
    others: Vec<PathBuf>,
}

/// What a signature is recognised by: the packet as it stands in an entry.
type Key = [u8; 32];

impl Repository {
    /// Reads the files `*.sig` in and below `folder`. Symbolic links to folders are not followed:
    /// repositories link files to a pool, and the pool may be below them too.
    ///
    /// Read it before the checkpoint of the log: a signature that is made in between is in the log
    /// before it is in the repository. Fails if a file cannot be read; one that vanishes meanwhile
    /// does not count.
    pub fn read(folder: &Path) -> Result<Self, StorageError> {
        let mut all = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for found in fs::read_dir(&folder).on("read", &folder)? {
                let found = found.on("read", &folder)?;
                let path = found.path();
                if found.file_type().on("read", &path)?.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "sig") {
                    all.add(path)?;
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, path: PathBuf) -> Result<(), StorageError> {
        match durable::read(&path, LIMIT) {
            Ok(None) => {}
            Ok(Some(octets)) => match bare(&octets) {
                Some(bare) => self.files.entry(key(&bare)).or_default().push(path),
                None => self.others.push(path),
            },
            Err(error) if error.source.kind() == io::ErrorKind::FileTooLarge => {
                self.others.push(path);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Compares it with the entries of the log at `source` with `head`, which the caller has from a
    /// checkpoint that verifies. Nothing is kept for the entries.
    pub fn compare(self, source: &Source, head: Head) -> Result<Difference, CannotWatch> {
        let mut difference = Difference::default();
        let mut seen = HashSet::new();
        let mut reader = Reader::open(source, head)?;
        listing::each(
            &mut reader,
            0..head.size,
            Order::OldestFirst,
            |index, octets| {
                let key = Entry::parse(octets).map(|entry| key(entry.signature()));
                match key {
                    Ok(key) if self.files.contains_key(&key) => drop(seen.insert(key)),
                    _ => difference.without_file.push(Row::new(index, octets)),
                }
                true
            },
        )?;
        let mut unknown = self.others;
        for (key, paths) in self.files {
            if seen.contains(&key) {
                difference.matching += u64::try_from(paths.len()).unwrap_or(u64::MAX);
            } else {
                unknown.extend(paths);
            }
        }
        unknown.sort();
        for path in unknown {
            difference.not_in_log.push(path);
        }
        Ok(difference)
    }
}

/// The signature as it stands in an entry: with its unhashed area emptied.
fn bare(octets: &[u8]) -> Option<Vec<u8>> {
    let detached = Detached::from_octets(octets).ok()?;
    detached.bare().and_then(|bare| bare.to_octets()).ok()
}

fn key(bare: &[u8]) -> Key {
    Sha256::digest(bare).into()
}
