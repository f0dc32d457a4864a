//! A file that is there completely or not at all.

use std::{
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{PoisonError, RwLock},
};

use tempfile::NamedTempFile;

/// Held for reading by every write, and for writing by whoever wants none to be under way.
static WRITES: RwLock<()> = RwLock::new(());

/// Puts `octets` into the file at `path` in place of what was there.
///
/// At every moment, also after a loss of power, the file is the old one or the new one. Its
/// permissions are those of any new file (0666 less the umask). A symbolic link is replaced, not
/// followed. After an error nothing has changed and nothing is left behind.
pub fn write_atomically(path: &Path, octets: &[u8]) -> io::Result<()> {
    write_in_order(&[(path, octets)]).map_err(|(_, error)| error)
}

/// The same for several files. None of them is there before all of them could be written; then they
/// come in this order. Their folder is synced once, so that after a loss of power the order is that
/// of its file system, which with a journal is the same.
///
/// Fails with the file that was in the way.
pub(crate) fn write_in_order<'a>(files: &[(&'a Path, &[u8])]) -> Result<(), (&'a Path, io::Error)> {
    let _write = WRITES.read().unwrap_or_else(PoisonError::into_inner);
    let mut written = Vec::new();
    for (path, octets) in files {
        let file = write_temporary(path, octets).map_err(|error| (*path, error))?;
        written.push((file, *path));
    }
    for (file, path) in written {
        file.persist(path).map_err(|error| (path, error.error))?;
    }
    let mut folders: Vec<_> = files
        .iter()
        .map(|(path, _)| (folder(path), *path))
        .collect();
    folders.dedup_by_key(|(folder, _)| *folder);
    for (folder, path) in folders {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| (path, error))?;
    }
    Ok(())
}

fn write_temporary(path: &Path, octets: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".signature-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder(path))?;
    file.write_all(octets)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Waits until no write is half done, then calls `last` before another one can begin.
///
/// A program that is told to end does so in `last`, so that no temporary file stays behind.
pub fn hold_writes<T>(last: impl FnOnce() -> T) -> T {
    let _no_write = WRITES.write().unwrap_or_else(PoisonError::into_inner);
    last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_new_file_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.sig");
        std::fs::write(&path, "old and longer").expect("written");
        write_atomically(&path, b"new").expect("written");
        assert_eq!(std::fs::read(&path).expect("read"), b"new");
        assert_eq!(folder.path().read_dir().expect("read").count(), 1);
    }

    #[test]
    fn a_new_file_is_as_others_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, usual) = (folder.path().join("a"), folder.path().join("b"));
        write_atomically(&ours, b"x").expect("written");
        std::fs::write(&usual, "x").expect("written");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }

    #[test]
    fn after_an_error_nothing_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("inside")).expect("created");
        write_atomically(&taken, b"x").expect_err("a folder is in the way");
        assert_eq!(folder.path().read_dir().expect("read").count(), 1);
        assert!(taken.join("inside").is_dir());
    }

    #[test]
    fn of_several_files_none_comes_before_all_can_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, nowhere) = (folder.path().join("one"), Path::new("/nowhere/two"));
        let failed = write_in_order(&[(&one, b"1"), (nowhere, b"2")]);
        assert_eq!(failed.map_err(|(path, _)| path), Err(nowhere));
        assert_eq!(folder.path().read_dir().expect("read").count(), 0);
        let two = folder.path().join("two");
        write_in_order(&[(&one, b"1"), (&two, b"2")]).expect("written");
        assert_eq!(std::fs::read(one).expect("read"), b"1");
        assert_eq!(std::fs::read(two).expect("read"), b"2");
    }
}
