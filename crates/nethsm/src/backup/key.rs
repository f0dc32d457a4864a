//! The keys of a backup, from passphrases down to single values.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Error;
use super::seal::{self, OVERHEAD};
use crate::passphrase::Passphrase;

/// The bytes of a salt.
pub const SALT_LENGTH: usize = 16;

/// What makes equal passphrases give different keys. Not secret.
pub type Salt = [u8; SALT_LENGTH];

/// scrypt with N = 16384, r = 8, p = 16 (RFC 7914): about half a second.
fn stretch(passphrase: &Passphrase, salt: &Salt) -> Result<Zeroizing<[u8; 32]>, Error> {
    let cost = scrypt::Params::new(14, 8, 16).map_err(|_| Error::Cryptography)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.expose().as_bytes(), salt, &cost, &mut *key)
        .map_err(|_| Error::Cryptography)?;
    Ok(key)
}

/// Declares keys that cannot be shown, copied or compared, and are erased on drop.
macro_rules! secret {
    ($($(#[$meta:meta])* $name:ident;)+) => { $(
        $(#[$meta])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The key of these 32 bytes.
            ///
            /// # Errors
            ///
            /// [`Error::Cryptography`] if they are not 32.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
                Ok(Self(bytes.try_into().map_err(|_| Error::Cryptography)?))
            }

            /// The bytes, for the one place that needs them.
            pub fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+ };
}

secret! {
    /// Opens the outside of a backup; K in the [format](super). A device keeps it, so that it
    /// can make backups without being told the passphrase.
    BackupKey;
    /// Opens the locked domain key.
    UnlockKey;
    /// What all values of a device are encrypted with, by way of [`StoreKey`].
    DomainKey;
    /// Opens the values of one [`Store`], or the settings of one device.
    StoreKey;
}

impl BackupKey {
    /// The key of a passphrase.
    ///
    /// # Errors
    ///
    /// [`Error::Cryptography`] if there is no memory for it, 16 MiB.
    pub fn derive(passphrase: &Passphrase, salt: &Salt) -> Result<Self, Error> {
        Ok(Self(*stretch(passphrase, salt)?))
    }

    pub(super) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        seal::seal(&self.0, purpose, plain)
    }

    pub(super) fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        seal::open(&self.0, purpose, sealed)
    }
}

impl UnlockKey {
    /// The key of a passphrase.
    ///
    /// # Errors
    ///
    /// [`Error::Cryptography`] if there is no memory for it, 16 MiB.
    pub fn derive(passphrase: &Passphrase, salt: &Salt) -> Result<Self, Error> {
        Ok(Self(*stretch(passphrase, salt)?))
    }
}

/// A domain key, sealed with an [`UnlockKey`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LockedDomainKey([u8; Self::LENGTH]);

const DOMAIN_KEY: &str = "passphrase";

impl LockedDomainKey {
    /// The bytes of a locked domain key.
    pub const LENGTH: usize = 32 + OVERHEAD;

    /// Locks a domain key.
    ///
    /// # Errors
    ///
    /// [`Error::Cryptography`] if there are no random numbers.
    pub fn lock(key: &DomainKey, with: &UnlockKey) -> Result<Self, Error> {
        Self::from_bytes(&seal::seal(&with.0, DOMAIN_KEY, &key.0)?)
    }

    /// Unlocks the domain key.
    ///
    /// # Errors
    ///
    /// [`Error::UnlockPassphrase`] if the key is not that of the passphrase.
    pub fn unlock(&self, with: &UnlockKey) -> Result<DomainKey, Error> {
        let key = seal::open(&with.0, DOMAIN_KEY, &self.0).ok_or(Error::UnlockPassphrase)?;
        DomainKey::from_bytes(&key)
    }

    /// A locked domain key of these 60 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Cryptography`] if they are not 60.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self(bytes.try_into().map_err(|_| Error::Cryptography)?))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Where values are kept that are sealed by way of the domain key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    /// `/authentication/ID`.
    Users,
    /// `/key/ID`, `/key/.NAMESPACE/ID`.
    Keys,
    /// `/namespace/ID`.
    Namespaces,
    /// `/config/NAME`, settings that the members of a cluster share (version 1).
    Config,
}

impl Store {
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "auth_store",
            Self::Keys => "key_store",
            Self::Namespaces => "namespace_store",
            Self::Config => "config_store",
        }
    }
}

impl StoreKey {
    /// The key of a store: SHA-256 of the domain key and the name of the store.
    pub fn of(domain: &DomainKey, store: Store) -> Self {
        let name = store.name().as_bytes();
        let mut input = Zeroizing::new(Vec::with_capacity(domain.0.len() + name.len()));
        input.extend_from_slice(&domain.0);
        input.extend_from_slice(name);
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, &input).as_ref());
        Self(key)
    }

    /// Seals a value for its path, so that it cannot be taken for another.
    ///
    /// # Errors
    ///
    /// [`Error::Cryptography`] if there are no random numbers.
    pub fn seal(&self, path: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        seal::seal(&self.0, path, value)
    }

    /// Opens the value of a path.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if it was changed, or is the value of another path or key.
    pub fn open(&self, path: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        seal::open(&self.0, path, sealed).ok_or_else(|| Error::Damaged(path.to_owned()))
    }
}
