//! Files that are there whole or not at all, also after the power has failed.

mod hands;

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

pub(crate) use hands::Hands;

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
    let mut changed = BTreeSet::new();
    make_folder(path, readers, &mut changed)?;
    changed.iter().try_for_each(|folder| sync_folder(folder))
}

/// Creates `path` and what is missing above it. The folders in which something was created go to
/// `changed`: until they are synced, it is not durable.
fn make_folder(
    path: &Path,
    readers: Readers,
    changed: &mut BTreeSet<PathBuf>,
) -> Result<(), StorageError> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    make_folder(above, readers, changed)?;
    match DirBuilder::new().mode(readers.folder_mode()).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        created => created.on("create", path)?,
    }
    changed.insert(above.to_owned());
    Ok(())
}

/// Writes files that nobody relies on before this returns. Then they would survive a loss of
/// power.
///
/// Who looks at one meanwhile sees all of it or nothing. After a loss of power in between it may
/// be there with half its contents: contents and names are synced at the same time, so that one
/// wait for the disk does for all.
pub(crate) fn write_ahead(
    files: &[(PathBuf, &[u8])],
    readers: Readers,
    hands: &Hands,
) -> Result<(), StorageError> {
    let mut changed: BTreeSet<PathBuf> = BTreeSet::new();
    for (path, _) in files {
        make_folder(parent(path), readers, &mut changed)?;
        changed.insert(parent(path).to_owned());
    }
    let mut written = Vec::new();
    for (path, octets) in files {
        let file = write_temporary(path, octets, readers)?;
        fs::rename(temporary(path), path).on("write", path)?;
        written.push((file, path.clone()));
    }
    for path in changed {
        let folder = File::open(&path).on("sync", &path)?;
        written.push((folder, path));
    }
    hands.sync(written)
}

/// Writes a file, whole or not at all, and returns once it would survive a loss of power: first
/// its contents, then its name.
pub(crate) fn write(path: &Path, octets: &[u8], readers: Readers) -> Result<(), StorageError> {
    let folder = parent(path);
    create_folder(folder, readers)?;
    let file = write_temporary(path, octets, readers)?;
    file.sync_all().on("sync", path)?;
    fs::rename(temporary(path), path).on("write", path)?;
    sync_folder(folder)
}

/// Writes a file that everybody may read, whole or not at all, and durably.
pub fn save(path: &Path, octets: &[u8]) -> Result<(), StorageError> {
    write(path, octets, Readers::Everybody)
}

/// Reads a file of at most `limit` octets; nothing if it is not there.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StorageError> {
    let mut octets = Vec::new();
    let is_there = read_into(path, limit, &mut octets)?;
    Ok(is_there.then_some(octets))
}

/// The same in place of what was in `octets`, whose memory is used again. Returns whether the file is
/// there.
pub(crate) fn read_into(
    path: &Path,
    limit: u64,
    octets: &mut Vec<u8>,
) -> Result<bool, StorageError> {
    octets.clear();
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.on("read", path)?,
    };
    let too_long = || {
        let reason = format!("longer than {limit} octets");
        Err(io::Error::new(io::ErrorKind::FileTooLarge, reason)).on("read", path)
    };
    let length = file.metadata().on("read", path)?.len();
    if length > limit {
        return too_long();
    }
    // All at once, and then what has come since.
    octets.resize(usize::try_from(length).unwrap_or_default(), 0);
    let rest = limit.saturating_sub(length).saturating_add(1);
    file.read_exact(octets)
        .and_then(|()| file.take(rest).read_to_end(octets))
        .on("read", path)?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > limit {
        return too_long();
    }
    Ok(true)
}

fn write_temporary(path: &Path, octets: &[u8], readers: Readers) -> Result<File, StorageError> {
    let temporary = temporary(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(readers.file_mode())
        .open(&temporary)
        .on("create", &temporary)?;
    file.write_all(octets).on("write", &temporary)?;
    Ok(file)
}

fn sync_folder(path: &Path) -> Result<(), StorageError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .on("sync", path)
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
