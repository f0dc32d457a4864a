//! The objects in the device, in a file.

use std::{
    fmt,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::Kind;

/// What objects may do, as bits in the order of the device.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// To sign with RSA as in PKCS#1 v1.5.
    pub const SIGN_PKCS: Self = Self(1 << 5);
    /// To sign with RSA-PSS.
    pub const SIGN_PSS: Self = Self(1 << 6);
    /// To sign with ECDSA.
    pub const SIGN_ECDSA: Self = Self(1 << 7);
    /// To sign with Ed25519.
    pub const SIGN_EDDSA: Self = Self(1 << 8);
    /// All four.
    pub const SIGN: Self = Self(0b1111 << 5);

    /// Whether everything that `other` is allowed is allowed here.
    pub fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// An authentication key.
#[derive(Clone, Deserialize, Serialize)]
pub struct Operator {
    /// Its number.
    pub id: u16,
    /// What its key is made of.
    pub password: String,
    /// The domains that it sees, as bits.
    pub domains: u16,
    /// What it may do.
    pub capabilities: Capabilities,
}

/// An asymmetric key.
#[derive(Clone, Deserialize, Serialize)]
pub struct Key {
    /// Its number.
    pub id: u16,
    /// Its label, of 1 to 40 octets.
    pub label: String,
    /// The domains that it is in, as bits.
    pub domains: u16,
    /// What may be done with it.
    pub capabilities: Capabilities,
    /// What it is, as [`Kind`] is written.
    pub(crate) kind: String,
    /// The private key: PKCS#8, DER, hexadecimal.
    pub(crate) pkcs8: String,
}

/// All objects of a device, and its serial number.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Objects {
    /// The serial number.
    pub serial: u32,
    /// The authentication keys.
    pub operators: Vec<Operator>,
    /// The asymmetric keys.
    pub keys: Vec<Key>,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// What can go wrong with the file, or with the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A key in it is none.
    #[error("the key {0:?} cannot be made or read")]
    Key(String),
    /// The address cannot be listened on.
    #[error("cannot listen")]
    Listen(#[source] io::Error),
}

impl Objects {
    /// A device with nothing in it.
    pub fn none(serial: u32) -> Self {
        Self {
            serial,
            operators: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let read = fs::read(path).and_then(|text| Ok(serde_json::from_slice(&text)?));
        read.map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes the file at `path`, as a whole and for its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            let folder = path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::Builder::new()
                .permissions(Permissions::from_mode(0o600))
                .tempfile_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }

    /// Makes a key that may sign, in the first domain, with the next number.
    pub fn generate(&mut self, label: &str, kind: Kind) -> Result<u16, Error> {
        let pkcs8 = kind.generate().map_err(|_| Error::Key(label.to_owned()))?;
        let last = self.keys.iter().map(|key| key.id).max();
        let id = last.unwrap_or(0x0fff).saturating_add(1);
        self.keys.push(Key {
            id,
            label: label.to_owned(),
            domains: 1,
            capabilities: kind.capabilities(),
            kind: kind.to_string(),
            pkcs8: hex::encode(pkcs8),
        });
        Ok(id)
    }

    /// Makes a key, and an operator that may do nothing but sign with keys of this kind in one of the 16
    /// domains. Both have the same number.
    pub fn give(&mut self, label: &str, kind: Kind, password: &str) -> Result<u16, Error> {
        let id = self.generate(label, kind)?;
        let domains = 1 << (id % 16);
        for key in self.keys.iter_mut().filter(|key| key.id == id) {
            key.domains = domains;
        }
        self.operators.push(Operator {
            id,
            password: password.to_owned(),
            domains,
            capabilities: kind.capabilities(),
        });
        Ok(id)
    }

    /// The number of the key called `label`, if it is there.
    pub fn number_of(&self, label: &str) -> Option<u16> {
        let mut keys = self.keys.iter();
        Some(keys.find(|key| key.label == label)?.id)
    }
}
