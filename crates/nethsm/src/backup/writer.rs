//! Writing a backup.

use std::io::Write;

use super::item::{Item, PURPOSE};
use super::reader::{CONFIG_KEY, DEVICE_ID, DOMAIN_KEY, VERSION};
use super::{BackupKey, Error, LockedDomainKey, Salt, StoreKey, Version, field};

/// What stands before the values.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// What belongs to the backup passphrase.
    pub salt: &'a Salt,
    /// The domain key, locked with the unlock passphrase.
    pub domain_key: &'a LockedDomainKey,
    /// The device and the key of its own settings: with them a backup of version 1 is written,
    /// without them one of version 0.
    pub device: Option<(&'a str, &'a StoreKey)>,
}

/// Writes the values of a backup, one at a time, sorted by path.
#[derive(Debug)]
pub struct Writer<'a, W> {
    to: W,
    key: &'a BackupKey,
    version: Version,
    last: Option<String>,
}

impl<'a, W: Write> Writer<'a, W> {
    /// Writes what stands before the values.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Cryptography`].
    pub fn new(mut to: W, key: &'a BackupKey, header: &Header<'_>) -> Result<Self, Error> {
        let version = match header.device {
            Some(_) => Version::V1,
            None => Version::V0,
        };
        to.write_all(field::MAGIC)?;
        to.write_all(&[version.byte()])?;
        field::write(&mut to, header.salt)?;
        field::write(&mut to, &key.seal(VERSION, &[version.byte()])?)?;
        field::write(
            &mut to,
            &key.seal(DOMAIN_KEY, header.domain_key.as_bytes())?,
        )?;
        if let Some((id, config)) = header.device {
            field::write(&mut to, &key.seal(DEVICE_ID, id.as_bytes())?)?;
            field::write(&mut to, &key.seal(CONFIG_KEY, config.expose())?)?;
        }
        Ok(Self {
            to,
            key,
            version,
            last: None,
        })
    }

    /// Writes one value as it is stored, in general sealed: see [`StoreKey::seal`].
    ///
    /// # Errors
    ///
    /// [`Error::Order`] unless the path comes behind the one before, byte by byte;
    /// [`Error::Long`], [`Error::Io`] or [`Error::Cryptography`].
    pub fn item(&mut self, path: &str, stored: &[u8]) -> Result<(), Error> {
        if self.last.as_deref().is_some_and(|last| last >= path) {
            return Err(Error::Order(path.to_owned()));
        }
        let sealed = self.key.seal(PURPOSE, &Item::plain(path, stored)?)?;
        field::write(&mut self.to, &sealed)?;
        self.last = Some(path.to_owned());
        Ok(())
    }

    /// Writes the end. A backup of version 1 without it counts as cut short.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn finish(mut self) -> Result<W, Error> {
        if self.version == Version::V1 {
            field::write(&mut self.to, &[])?;
            self.to.write_all(field::END)?;
        }
        self.to.flush()?;
        Ok(self.to)
    }
}
