//! The host that is set up, or the tree that is to become one.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};

use crate::Error;

/// What is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// The host that this runs on.
    Running,
    /// The root of a tree, for an image: files only; systemd makes users and folders at boot.
    Tree(PathBuf),
}

/// There while changes are made; still there if they were not finished.
const UNFINISHED: &str = "/run/signstar-configure.unfinished";
const LOCK: &str = "/run/signstar-configure.lock";

/// The right to change a host or a tree, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

impl Target {
    /// Its root.
    pub(crate) fn root(&self) -> &Path {
        match self {
            Self::Running => Path::new("/"),
            Self::Tree(root) => root,
        }
    }

    /// Refuses if another process changes it.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let (path, file) = match self {
            // A file that only root can open: whoever can open it can lock it.
            Self::Running => {
                let mut options = OpenOptions::new();
                options.create(true).truncate(false).write(true).mode(0o600);
                (PathBuf::from(LOCK), options.open(LOCK))
            }
            // Nothing is left behind in an image.
            Self::Tree(root) => (root.clone(), File::open(root)),
        };
        let file = file.map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map(Lock)
            .map_err(|_| Error::Busy(path))
    }

    /// Whether changes were begun and not finished.
    pub(crate) fn is_unfinished(&self) -> bool {
        *self == Self::Running && Path::new(UNFINISHED).exists()
    }

    /// Remembers that changes are made.
    pub(crate) fn begin(&self) -> Result<(), Error> {
        match self {
            Self::Running => fs::write(UNFINISHED, "").map_err(|source| Error::Write {
                path: UNFINISHED.into(),
                source,
            }),
            Self::Tree(_) => Ok(()),
        }
    }

    /// Remembers that all of them are made.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self {
            Self::Running => fs::remove_file(UNFINISHED).map_err(|source| Error::Write {
                path: UNFINISHED.into(),
                source,
            }),
            Self::Tree(_) => Ok(()),
        }
    }
}
