//! Backup files, read and written without a device.
//!
//! ```no_run
//! use std::fs::File;
//!
//! use nethsm::backup::{Backup, BackupKey, Entry};
//! use nethsm::passphrase::Passphrase;
//!
//! fn list(backup: &Passphrase, unlock: &Passphrase) -> Result<(), Box<dyn std::error::Error>> {
//!     let file = Backup::read(File::open("nethsm.backup")?)?;
//!     let key = BackupKey::derive(backup, file.salt())?;
//!     let mut file = file.open(&key)?;
//!     println!("{} values", file.verify()?.values);
//!     let keys = file.unlock(unlock)?;
//!     for entry in file.entries(&keys)? {
//!         if let Entry::Key(key) = entry? {
//!             println!("{}", key.id);
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A backup is encrypted twice. The backup passphrase opens the outside: which values there
//! are, and the *locked* domain key. The unlock passphrase opens that, and with it the values:
//! users, private keys, namespaces. So who has the file needs both passphrases.
//!
//! | part | content |
//! |---|---|
//! | header | `_NETHSM_BACKUP_`, version: one byte, 0 (firmware up to 3.1) or 1 (from 4.0) |
//! | fields | each 3 bytes of length, big-endian, and so many bytes |
//! | 1 | salt, 16 bytes: K = scrypt(backup passphrase, salt, N = 16384, r = 8, p = 16) |
//! | 2 | version, one byte, sealed with K for `backup-version` |
//! | 3 | locked domain key, 60 bytes, sealed with K for `domain-key` |
//! | 4 | version 1: device ID, sealed with K for `backup-device-id` |
//! | 5 | version 1: key of the device's own settings, 32 bytes, sealed for `backup-config-store-key` |
//! | others | length of path, path, value, sealed with K for `backup`; sorted by path |
//! | end | version 1: an empty field, then `_NETHSM_BACKUP_END_` |
//!
//! *Sealed with a key for a text* is AES-256-GCM: nonce of 12 bytes, ciphertext, tag of 16
//! bytes, with the text as associated data. Values are sealed once more, for their path, with
//! the key of their store: see [`Store`].
//!
//! One value is in memory at a time, and none has more than 16 MiB.

mod entry;
mod error;
mod field;
mod item;
mod key;
mod reader;
mod seal;
mod setting;
mod stored;
mod text;
mod writer;

pub use self::entry::{Entries, Entry, KeyEntry, UserEntry};
pub use self::error::Error;
pub use self::item::{Item, Items};
pub use self::key::{
    BackupKey, DomainKey, LockedDomainKey, SALT_LENGTH, Salt, Store, StoreKey, UnlockKey,
};
pub use self::reader::{Backup, Opened, Summary, Unlocked};
pub use self::setting::{Setting, SettingEntry};
pub use self::stored::{StoredCertificate, StoredKey, StoredPrivate, StoredUser};
pub use self::writer::{Header, Writer};

/// The format of a backup.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// Firmware up to 3.1: settings in the clear, no mark at the end.
    V0,
    /// Firmware from 4.0.
    V1,
}

impl Version {
    /// The byte in the header.
    pub const fn byte(self) -> u8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
        }
    }

    /// The version of a byte in a header.
    ///
    /// # Errors
    ///
    /// [`Error::Version`] unless it is 0 or 1.
    pub const fn of(byte: u8) -> Result<Self, Error> {
        match byte {
            0 => Ok(Self::V0),
            1 => Ok(Self::V1),
            other => Err(Error::Version(other)),
        }
    }
}
