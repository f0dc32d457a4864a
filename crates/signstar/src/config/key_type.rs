//! The types of keys that an HSM is asked to make.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Mechanism;

/// The type of a signing key: the name of the NetHSM API, for RSA with the number of bits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum KeyType {
    /// Ed25519.
    Curve25519,
    /// NIST P-256.
    #[serde(rename = "EC_P256")]
    EcP256,
    /// NIST P-384.
    #[serde(rename = "EC_P384")]
    EcP384,
    /// NIST P-521.
    #[serde(rename = "EC_P521")]
    EcP521,
    /// RSA of 2048 bits.
    #[serde(rename = "RSA2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[serde(rename = "RSA3072")]
    Rsa3072,
    /// RSA of 4096 bits.
    #[serde(rename = "RSA4096")]
    Rsa4096,
}

impl KeyType {
    /// Its name in the configuration.
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

    /// How such a key can sign digests as they are; the first is also how it makes all other
    /// kinds of signature.
    pub fn mechanisms(self) -> &'static [Mechanism] {
        match self {
            Self::Curve25519 => &[Mechanism::Ed25519],
            Self::EcP256 | Self::EcP384 | Self::EcP521 => &[Mechanism::Ecdsa],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[Mechanism::Pkcs1, Mechanism::Pss],
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
