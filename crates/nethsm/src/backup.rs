//! Backup files, read and written without a device.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
//! # let device = example::operational().with_key("packages").with_backups();
//! # let mut file = tempfile::tempfile()?;
//! # device.user("backup").backup(&mut file)?;
//! # std::io::Seek::rewind(&mut file)?;
//! # let (backup_passphrase, unlock_passphrase) = (example::passphrase(), example::passphrase());
//! use nethsm::backup::{Backup, BackupKey, Entry};
//!
//! let backup = Backup::read(file)?;
//! let key = BackupKey::derive(&backup_passphrase, backup.salt())?;
//! let mut backup = backup.open(&key)?;
//! // Every value is authentic, and none is missing.
//! assert_eq!(backup.verify()?.keys, 1);
//!
//! let keys = backup.unlock(&unlock_passphrase)?;
//! for entry in backup.entries(&keys)? {
//!     if let Entry::Key(key) = entry? {
//!         assert_eq!(key.id.as_str(), "packages");
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
