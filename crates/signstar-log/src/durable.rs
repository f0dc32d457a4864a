//! Files that are there whole or not at all, also after the power has failed.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
};

/// What the disk refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct StorageError {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// Says with which file something failed.
pub(crate) trait OnPath<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, StorageError>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, StorageError> {
        self.map_err(|source| StorageError {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// Who may read what is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Readers {
    Everybody,
    Owner,
}

impl Readers {
    fn file_mode(self) -> u32 {
        match self {
            Self::Everybody => 0o644,
            Self::Owner => 0o600,
        }
    }

    fn folder_mode(self) -> u32 {
        match self {
            Self::Everybody => 0o755,
            Self::Owner => 0o700,
        }
    }
}

/// Creates `path` and what is missing above it, and makes it durable.
pub(crate) fn create_folder(path: &Path, readers: Readers) -> Result<(), StorageError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_folder(above, readers)?;
    match DirBuilder::new().mode(readers.folder_mode()).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created.on("create", path),
    }?;
    sync_folder(above)
}

/// Writes these files, and returns once they would survive a loss of power.
///
/// First all contents, then all names, each step for all files at the same time: a disk takes as
/// long for one as for several.
pub(crate) fn write_all(files: &[(PathBuf, &[u8])], readers: Readers) -> Result<(), StorageError> {
    let folders: BTreeSet<&Path> = files.iter().map(|(path, _)| parent(path)).collect();
    for folder in &folders {
        create_folder(folder, readers)?;
    }
    each(files, |(path, octets)| {
        write_temporary(path, octets, readers)
    })?;
    for (path, _) in files {
        fs::rename(temporary(path), path).on("write", path)?;
    }
    let folders: Vec<&Path> = folders.into_iter().collect();
    each(&folders, |folder| sync_folder(folder))
}

/// The same for one file.
pub(crate) fn write(path: &Path, octets: &[u8], readers: Readers) -> Result<(), StorageError> {
    write_all(&[(path.to_owned(), octets)], readers)
}

/// Writes a file that everybody may read, whole or not at all, and durably.
pub fn save(path: &Path, octets: &[u8]) -> Result<(), StorageError> {
    write(path, octets, Readers::Everybody)
}

/// Reads a file of at most `limit` octets; nothing if it is not there.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StorageError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.on("read", path)?,
    };
    let mut octets = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut octets)
        .on("read", path)?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > limit {
        let reason = format!("longer than {limit} octets");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason)).on("read", path);
    }
    Ok(Some(octets))
}

fn write_temporary(path: &Path, octets: &[u8], readers: Readers) -> Result<(), StorageError> {
    let temporary = temporary(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(readers.file_mode())
        .open(&temporary)
        .on("create", &temporary)?;
    file.write_all(octets).on("write", &temporary)?;
    file.sync_all().on("sync", &temporary)
}

fn sync_folder(path: &Path) -> Result<(), StorageError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .on("sync", path)
}

/// Does `work` with all of them at once and returns the first failure.
fn each<T: Sync>(
    all: &[T],
    work: impl Fn(&T) -> Result<(), StorageError> + Sync,
) -> Result<(), StorageError> {
    let Some((first, rest)) = all.split_first() else {
        return Ok(());
    };
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = rest
            .iter()
            .map(|one| scope.spawn(move || work(one)))
            .collect();
        let mut outcome = work(first);
        for other in others {
            let other = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            outcome = outcome.and(other);
        }
        outcome
    })
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where a file is before it is whole. Web servers do not publish names with a dot before them.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}
