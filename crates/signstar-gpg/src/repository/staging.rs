//! A folder in which the next database is made.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::place::{Database, copy};
use crate::Error;

/// A folder beside a database with what it has now, and with links to packages.
///
/// It is removed when this is dropped.
pub(super) struct Staging {
    folder: TempDir,
    /// The folders with packages, and the folders here with the links to them.
    linked: BTreeMap<PathBuf, PathBuf>,
    /// All links, and what they stand for.
    links: Vec<(PathBuf, PathBuf)>,
}

impl Staging {
    /// Makes it on the file system of the database, so that files can be moved.
    pub(super) fn beside(database: &Database) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix(".signstar-repo-add-")
            .tempdir_in(database.folder())
            .map_err(|source| Error::write(database.folder(), source))?;
        for (path, name) in database.paths().iter().zip(database.names()) {
            let place = folder.path().join(name);
            copy(path, &place).map_err(|source| Error::write(&place, source))?;
        }
        Ok(Self {
            folder,
            linked: BTreeMap::new(),
            links: Vec::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Links `packages`, their signatures, and all packages that stand beside them: `repo-add`
    /// may remove a link, but not the file. Returns the paths of the links.
    pub(super) fn link(&mut self, packages: &[OsString]) -> Result<Vec<OsString>, Error> {
        packages
            .iter()
            .map(|package| self.link_one(package))
            .collect()
    }

    fn link_one(&mut self, package: &OsString) -> Result<OsString, Error> {
        let failed = |source| Error::read(package, source);
        // Also says so if it is not there.
        fs::metadata(package).map_err(failed)?;
        let path = std::path::absolute(package).map_err(failed)?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(failed(io::ErrorKind::InvalidFilename.into()));
        };
        let here = match self.linked.get(folder) {
            Some(here) => here.clone(),
            None => self.link_folder(folder)?,
        };
        let place = here.join(name);
        if place.symlink_metadata().is_err() {
            self.link_file(&path, place.clone())?;
        }
        Ok(place.into())
    }

    fn link_folder(&mut self, folder: &Path) -> Result<PathBuf, Error> {
        let here = self.path().join(self.linked.len().to_string());
        fs::create_dir(&here).map_err(|source| Error::write(&here, source))?;
        let failed = |source| Error::read(folder, source);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if is_package(&name) {
                self.link_file(&folder.join(&name), here.join(&name))?;
            }
        }
        self.linked.insert(folder.to_owned(), here.clone());
        Ok(here)
    }

    fn link_file(&mut self, file: &Path, place: PathBuf) -> Result<(), Error> {
        symlink(file, &place).map_err(|source| Error::write(&place, source))?;
        self.links.push((place, file.to_owned()));
        Ok(())
    }

    /// Removes the files whose links `repo-add` has removed.
    pub(super) fn remove_what_is_gone(&self) -> Result<(), Error> {
        for (link, file) in &self.links {
            if link.symlink_metadata().is_err() {
                fs::remove_file(file).map_err(|source| Error::write(file, source))?;
            }
        }
        Ok(())
    }
}

/// Whether this is what a package or its signature is called.
fn is_package(name: &OsStr) -> bool {
    name.to_string_lossy().contains(".pkg.tar")
}
