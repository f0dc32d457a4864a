//! Keys that notes are verified with (C2SP `signed-note`, "Verifier keys").

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::cosignature::{self, Cosignature};

/// Octets of a public key for ML-DSA-44 (FIPS 204 §4, table 2).
const ML_DSA_44_OCTETS: usize = 1312;

/// The name of a key: not empty, without `+`, Unicode spaces and control characters. Usually an
/// address without `https://`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

/// Text that is not a verifier key, or a key that is not one to rely on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidKey {
    /// Not a name for a key.
    #[error("the name of a key is not empty and has no spaces, no `+` and no control characters")]
    Name,
    /// Not NAME+ID+KEY.
    #[error("a verifier key reads NAME+ID+KEY, with 8 hexadecimal digits and base64")]
    Malformed,
    /// The ID does not follow from the name and the key.
    #[error("the ID does not belong to this name and key: mistyped?")]
    Id,
    /// Of a type that is not known.
    #[error("keys of type {0:#04x} are not known")]
    Type(u8),
    /// Not a public key of its type, or one whose signatures anybody can make.
    #[error("not a public key that can be relied on")]
    Key,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// The text of a note, with Ed25519 (type 0x01).
    Ed25519,
    /// A checkpoint and the time at which it was seen, with Ed25519 (type 0x04).
    CosignatureEd25519,
    /// The same with ML-DSA-44 (type 0x06). Known, and not verified here.
    CosignatureMlDsa44,
}

impl Algorithm {
    fn from_type(octet: u8) -> Result<Self, InvalidKey> {
        match octet {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureEd25519),
            0x06 => Ok(Self::CosignatureMlDsa44),
            other => Err(InvalidKey::Type(other)),
        }
    }

    fn octet(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
            Self::CosignatureMlDsa44 => 0x06,
        }
    }
}

/// A name and a public key. Written as `example.org/log+1a2b3c4d+AQ…`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: KeyName,
    id: [u8; 4],
    algorithm: Algorithm,
    public: Vec<u8>,
    /// Absent where signatures cannot be verified.
    ed25519: Option<Box<VerifyingKey>>,
}

/// What a signature that verifies says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verified {
    /// The key signed the text.
    Signed,
    /// The key signed the text and states when it saw it: seconds since 1970-01-01 00:00 UTC.
    Cosigned(u64),
}

/// Why a text does not count as signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotVerified {
    /// The signature is not one over this text.
    #[error("a signature of a known key does not verify")]
    Wrong,
    /// The key has not signed it.
    #[error("there is no signature of the expected key")]
    Missing,
    /// There is nothing here to verify this algorithm with.
    #[error("signatures with ML-DSA-44 are not verified here")]
    Unsupported,
}

impl KeyName {
    /// Takes `text` if it is such a name.
    pub fn new(text: &str) -> Result<Self, InvalidKey> {
        let bad = |c: char| c == '+' || c.is_whitespace() || c < ' ';
        if text.is_empty() || text.contains(bad) {
            return Err(InvalidKey::Name);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl VerifierKey {
    /// The key `name` that signs as `algorithm` has it, with its `public` key: 32 octets for
    /// Ed25519 (RFC 8032 §5.1.5), 1312 for ML-DSA-44.
    pub fn new(name: KeyName, algorithm: Algorithm, public: &[u8]) -> Result<Self, InvalidKey> {
        let ed25519 = match algorithm {
            Algorithm::Ed25519 | Algorithm::CosignatureEd25519 => Some(Box::new(ed25519(public)?)),
            Algorithm::CosignatureMlDsa44 if public.len() == ML_DSA_44_OCTETS => None,
            Algorithm::CosignatureMlDsa44 => return Err(InvalidKey::Key),
        };
        let digest: [u8; 32] = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', algorithm.octet()])
            .chain_update(public)
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        Ok(Self {
            name,
            id: [a, b, c, d],
            algorithm,
            public: public.to_vec(),
            ed25519,
        })
    }

    /// The name of the key; for a log its origin.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The beginning of a SHA-256 over name, type and key. It tells keys apart and proves nothing.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// What the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key, without its type.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Verifies the `signature` of a signature line, without the ID of the key, over `text`.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<Verified, NotVerified> {
        let key = self.ed25519.as_deref().ok_or(NotVerified::Unsupported)?;
        let check = |message: &[u8], raw: &[u8]| {
            let raw = Signature::from_slice(raw).map_err(|_| NotVerified::Wrong)?;
            key.verify_strict(message, &raw)
                .map_err(|_| NotVerified::Wrong)
        };
        if self.algorithm == Algorithm::Ed25519 {
            check(text.as_bytes(), signature)?;
            return Ok(Verified::Signed);
        }
        let Cosignature { time, raw } =
            Cosignature::from_octets(signature).ok_or(NotVerified::Wrong)?;
        check(&cosignature::message(text, time), &raw)?;
        Ok(Verified::Cosigned(time))
    }
}

/// A public key that is a point on the curve and not one of the few that verify anything.
fn ed25519(public: &[u8]) -> Result<VerifyingKey, InvalidKey> {
    let octets = public.try_into().map_err(|_| InvalidKey::Key)?;
    let key = VerifyingKey::from_bytes(octets).map_err(|_| InvalidKey::Key)?;
    if key.is_weak() {
        return Err(InvalidKey::Key);
    }
    Ok(key)
}

impl FromStr for VerifierKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey::Malformed);
        };
        let name = KeyName::new(name)?;
        let key = BASE64_STANDARD
            .decode(key)
            .map_err(|_| InvalidKey::Malformed)?;
        let (&octet, public) = key.split_first().ok_or(InvalidKey::Malformed)?;
        let key = Self::new(name, Algorithm::from_type(octet)?, public)?;
        if hex::encode(key.id) != id {
            return Err(InvalidKey::Id);
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[self.algorithm.octet()], &*self.public].concat();
        let (name, id) = (&self.name, hex::encode(self.id));
        write!(f, "{name}+{id}+{}", BASE64_STANDARD.encode(typed))
    }
}
