//! Where a database is, and how it is replaced.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
};

use crate::Error;

/// A database: `NAME.db.tar*` and beside it `NAME.files.tar*`.
pub(super) struct Database {
    folder: PathBuf,
    prefix: String,
    suffix: String,
}

/// The lock of `repo-add`, until it is dropped.
pub(super) struct Lock(PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        // If it is gone already, somebody removed it by hand.
        let _ = fs::remove_file(&self.0);
    }
}

impl Database {
    /// Fails unless `path` ends as the name of a database does, in a folder that is there.
    pub(super) fn at(path: &Path) -> Result<Self, Error> {
        let not_one = || Error::NotADatabase(path.to_owned());
        let name = path.file_name().and_then(|name| name.to_str());
        let (prefix, suffix) = name
            .and_then(|name| name.rsplit_once(".db."))
            .filter(|(prefix, suffix)| !prefix.is_empty() && suffix.starts_with("tar"))
            .ok_or_else(not_one)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = folder
            .canonicalize()
            .map_err(|source| Error::read(folder, source))?;
        Ok(Self {
            folder,
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the database itself.
    pub(super) fn name(&self) -> String {
        format!("{}.db.{}", self.prefix, self.suffix)
    }

    /// The names of both files. The one that everybody reads is the last to change.
    pub(super) fn names(&self) -> [String; 2] {
        [
            format!("{}.files.{}", self.prefix, self.suffix),
            self.name(),
        ]
    }

    pub(super) fn paths(&self) -> [PathBuf; 2] {
        self.names().map(|name| self.folder.join(name))
    }

    /// Takes the lock that `repo-add` takes.
    pub(super) fn lock(&self) -> Result<Lock, Error> {
        let path = self.folder.join(format!("{}.lck", self.name()));
        let mut file = File::create_new(&path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Locked(path.clone()),
            _ => Error::write(&path, source),
        })?;
        let lock = Lock(path);
        writeln!(file, "{}", process::id()).map_err(|source| Error::write(&lock.0, source))?;
        Ok(lock)
    }

    /// Moves both files and their signatures from `staging` into their places, as `repo-add`
    /// leaves them: the older ones as `.old`, and links without the suffix.
    pub(super) fn replace(&self, staging: &Path) -> Result<(), Error> {
        for kind in ["files", "db"] {
            let name = format!("{}.{kind}.{}", self.prefix, self.suffix);
            let signature = format!("{name}.sig");
            self.keep(&name, &format!("{name}.old"))?;
            self.keep(&signature, &format!("{name}.old.sig"))?;
            for file in [&name, &signature] {
                let place = self.folder.join(file);
                fs::rename(staging.join(file), &place)
                    .map_err(|source| Error::write(&place, source))?;
            }
            let short = format!("{}.{kind}", self.prefix);
            self.link(&name, &short)?;
            self.link(&signature, &format!("{short}.sig"))?;
        }
        Ok(())
    }

    /// Keeps `name` as `old` too; if it is not there, then neither is `old`.
    fn keep(&self, name: &str, old: &str) -> Result<(), Error> {
        let (name, old) = (self.folder.join(name), self.folder.join(old));
        let failed = |source| Error::write(&old, source);
        match fs::remove_file(&old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        copy(&name, &old).map_err(failed)
    }

    /// Makes `link` point to `name`, at once.
    fn link(&self, name: &str, link: &str) -> Result<(), Error> {
        let place = self.folder.join(link);
        let mut new = OsString::from(".tmp.");
        new.push(link);
        let new = self.folder.join(new);
        let _ = fs::remove_file(&new);
        symlink(name, &new)
            .and_then(|()| fs::rename(&new, &place))
            .map_err(|source| Error::write(&place, source))
    }
}

/// A second name for a file, or a copy where that cannot be had; nothing for no file.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => fs::copy(from, to).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_known_by_its_name() {
        let database = Database::at(Path::new("core.db.tar.zst")).expect("one");
        assert_eq!(database.names(), ["core.files.tar.zst", "core.db.tar.zst"]);
        for bad in ["core.db", "core.tar.gz", ".db.tar", "core.db.zip", "/"] {
            assert!(Database::at(Path::new(bad)).is_err(), "{bad}");
        }
        assert!(Database::at(Path::new("/nowhere/core.db.tar")).is_err());
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::at(&folder.path().join("core.db.tar")).expect("one");
        let lock = database.lock().expect("free");
        assert!(folder.path().join("core.db.tar.lck").exists());
        assert!(matches!(database.lock(), Err(Error::Locked(_))));
        drop(lock);
        database.lock().expect("free again");
    }

    #[test]
    fn the_older_one_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let staging = tempfile::tempdir_in(folder.path()).expect("a folder");
        let database = Database::at(&folder.path().join("core.db.tar")).expect("one");
        let write = |folder: &Path, text: &str| {
            for name in database.names() {
                fs::write(folder.join(&name), text).expect("written");
                fs::write(folder.join(name + ".sig"), text.to_uppercase()).expect("written");
            }
        };
        write(folder.path(), "old");
        write(staging.path(), "new");
        database.replace(staging.path()).expect("replaced");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
        for name in ["core.db", "core.files"] {
            assert_eq!(read(name), "new");
            assert_eq!(read(&format!("{name}.sig")), "NEW");
            assert_eq!(read(&format!("{name}.tar")), "new");
            assert_eq!(read(&format!("{name}.tar.old")), "old");
            assert_eq!(read(&format!("{name}.tar.old.sig")), "OLD");
        }
    }
}
