//! The data folder: where every file of a device lies, and how it gets there whole.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;
use crate::random;
use crate::seal::SealKey;

/// A data folder: `store.redb`, `device.key`, `uses/`, `tls-cert.pem` and `tls-key.pem`; for a
/// moment also `tls-next.pem` and scratch files.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Takes a folder, and creates it, for its owner alone, if it is missing.
    pub(crate) fn at(path: &Path) -> Result<Self, Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| Error::File {
                action: "create",
                path: path.to_owned(),
                source,
            })?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("store.redb")
    }

    pub(crate) fn device_key(&self) -> PathBuf {
        self.0.join("device.key")
    }

    pub(crate) fn uses(&self) -> PathBuf {
        self.0.join("uses")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("tls-cert.pem")
    }

    pub(crate) fn certificate_key(&self) -> PathBuf {
        self.0.join("tls-key.pem")
    }

    /// Both parts of a certificate that is on its way to the two files.
    pub(crate) fn next_identity(&self) -> PathBuf {
        self.0.join("tls-next.pem")
    }

    /// A file without a name for what is too large for the memory. It is gone when it is closed.
    pub(crate) fn scratch(&self) -> Result<File, Error> {
        let failed = |path: &Path, source| Error::File {
            action: "create",
            path: path.to_owned(),
            source,
        };
        let path = self.0.join(format!("scratch-{}", random::id()?));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| failed(&path, source))?;
        fs::remove_file(&path).map_err(|source| failed(&path, source))?;
        Ok(file)
    }

    /// Reads the device key: 32 octets that stand in place of the hardware's own key.
    pub(crate) fn read_device_key(&self) -> Result<Option<SealKey>, Error> {
        let path = self.device_key();
        let Some(octets) = read(&path)? else {
            return Ok(None);
        };
        let damaged = |_| Error::Damaged {
            path,
            reason: "it is not 32 bytes long".into(),
        };
        SealKey::from_slice(&octets).map(Some).map_err(damaged)
    }

    /// Writes a new device key, readable by its owner alone.
    pub(crate) fn write_device_key(&self, key: &SealKey) -> Result<(), Error> {
        write(&self.device_key(), key.expose(), 0o600)
    }
}

/// The octets of a file; nothing if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    match fs::read(path) {
        Ok(octets) => Ok(Some(Zeroizing::new(octets))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::File {
            action: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Writes a file so that it is there whole or not at all, also after a power cut.
pub(crate) fn write(path: &Path, octets: &[u8], mode: u32) -> Result<(), Error> {
    let temporary = path.with_extension("new");
    let attempt = || {
        // What a crash left behind may have another mode.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)?;
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(path))?.sync_all()
    };
    attempt().map_err(|source| Error::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}
