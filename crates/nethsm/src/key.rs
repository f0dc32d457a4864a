//! Keys: their kinds, their making and what they sign.

mod cipher;
mod mechanism;
mod new;
mod pem;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::body::{MESSAGE, MIB, json};
use crate::id::KeyId;
use crate::octets::Octets;

pub use self::cipher::{DecryptRequest, Decrypted, EncryptRequest, Encrypted};
pub use self::mechanism::{
    DecryptMode, EncryptMode, GENERIC_LENGTHS, KeyMechanism, KeyType, RSA_LENGTHS, SignMode,
    TlsKeyType,
};
pub use self::new::{GenerateKey, ImportKey, PrivateKeyData};
pub use self::pem::{ImportPem, PemArguments};

/// A key as the device shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PublicKey {
    /// What it may be used for.
    pub mechanisms: Vec<KeyMechanism>,
    /// What kind of key.
    #[serde(rename = "type")]
    pub key_type: KeyType,
    /// How often it was used, about: the device may lose an hour of counting.
    pub operations: u64,
    /// The public part; Generic keys have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<PublicKeyData>,
    /// Who may use it.
    #[serde(default)]
    pub restrictions: Restrictions,
    /// A note (devices of version 5.0 and later).
    #[serde(default, skip_serializing_if = "KeyLabel::is_empty")]
    pub label: KeyLabel,
}

/// The public part of a key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PublicKeyData {
    /// RSA, both numbers big-endian.
    Rsa {
        /// The modulus.
        modulus: Octets,
        /// The public exponent.
        #[serde(rename = "publicExponent")]
        public_exponent: Octets,
    },
    /// A point: 32 bytes for Ed25519 (RFC 8032), else uncompressed, `04 ‖ X ‖ Y` (SEC 1).
    Point {
        /// The point.
        data: Octets,
    },
}

/// One line of the list of keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KeyItem {
    /// The key.
    pub id: KeyId,
}

/// Asks for a signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// How to sign.
    pub mode: SignMode,
    /// Digest, `DigestInfo` or message, depending on the mode.
    pub message: Octets,
}

/// A signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// In the form that the [`SignMode`] says.
    pub signature: Octets,
}

/// Who may use a key: any operator if there are no tags, else one who has any of them.
///
/// Tags given in JSON are any text; the device checks only those in paths.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restrictions {
    /// The tags, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Restrictions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }
}

/// A note on a key, at most 32 bytes of UTF-8; empty is the same as none.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyLabel(String);

impl KeyLabel {
    /// The most bytes.
    pub const MAX: usize = 32;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A label is longer than 32 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a label has at most 32 bytes")]
pub struct LongLabel;

impl std::str::FromStr for KeyLabel {
    type Err = LongLabel;

    fn from_str(text: &str) -> Result<Self, LongLabel> {
        if text.len() > Self::MAX {
            return Err(LongLabel);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for KeyLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for KeyLabel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Gives a key a label.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLabel {
    /// The label.
    pub label: KeyLabel,
}

/// Gives a key another name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveKey {
    /// The new name.
    pub new_id: KeyId,
}

/// Some 450,000 of the longest names.
const LONGEST_LIST: Option<u64> = Some(64 * MIB);

json!(PublicKey, NewLabel, MoveKey, Signature);
json!(up to (LONGEST_LIST): Vec<KeyItem>);
json!(up to (MESSAGE): SignRequest);
