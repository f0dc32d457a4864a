//! The types of keys that an enclave can be tried with.

use std::{fmt, fs, io, path::PathBuf, str::FromStr};

use crate::{Client, Error, Folder, error::OnPath, folder};

/// The type of a signing key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyType {
    /// Ed25519.
    #[default]
    Curve25519,
    /// NIST P-256.
    EcP256,
    /// NIST P-384.
    EcP384,
    /// NIST P-521.
    EcP521,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
}

impl KeyType {
    /// All types.
    pub const ALL: [Self; 7] = [
        Self::Curve25519,
        Self::EcP256,
        Self::EcP384,
        Self::EcP521,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// The name of this type: that of the NetHSM API, for RSA with the number of bits.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Curve25519 => "Curve25519",
            Self::EcP256 => "EC_P256",
            Self::EcP384 => "EC_P384",
            Self::EcP521 => "EC_P521",
            Self::Rsa2048 => "RSA2048",
            Self::Rsa3072 => "RSA3072",
            Self::Rsa4096 => "RSA4096",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no type of key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a key type is one of Curve25519, EC_P256, EC_P384, EC_P521, RSA2048, RSA3072, RSA4096")]
pub struct UnknownKeyType;

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    /// Takes the names of the NetHSM API and the usual other ones, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownKeyType> {
        let plain = text.to_ascii_lowercase().replace(['-', '_'], "");
        Ok(match plain.as_str() {
            "curve25519" | "ed25519" => Self::Curve25519,
            "ecp256" | "p256" | "nistp256" => Self::EcP256,
            "ecp384" | "p384" | "nistp384" => Self::EcP384,
            "ecp521" | "p521" | "nistp521" => Self::EcP521,
            "rsa2048" => Self::Rsa2048,
            "rsa3072" => Self::Rsa3072,
            "rsa4096" | "rsa" => Self::Rsa4096,
            _ => return Err(UnknownKeyType),
        })
    }
}

/// Refuses a folder in which the key of `client` is of another type.
pub(crate) fn check(folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = kind(folder, client);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found == client.key_type.as_str() => Ok(()),
        Ok(found) => Err(Error::OtherKeyType {
            folder: folder.path().to_owned(),
            name: client.name.clone(),
            found,
        }),
        Err(error) => Err(error).on("read", &path),
    }
}

/// Notes the type of the key of `client`.
pub(crate) fn note(folder: &Folder, client: &Client) -> Result<(), Error> {
    let path = kind(folder, client);
    folder::write(&path, client.key_type.as_str().as_bytes(), 0o600)
}

fn kind(folder: &Folder, client: &Client) -> PathBuf {
    folder.certificate(&client.name).with_extension("type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for key_type in KeyType::ALL {
            assert_eq!(key_type.to_string().parse(), Ok(key_type));
        }
        assert_eq!("ed25519".parse(), Ok(KeyType::Curve25519));
        assert_eq!("dsa".parse::<KeyType>(), Err(UnknownKeyType));
    }
}
