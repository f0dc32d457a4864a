//! Keys to be made or brought in.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{KeyLabel, KeyMechanism, KeyType, Restrictions};
use crate::body::json;
use crate::id::{BadId, KeyId};
use crate::octets::SecretOctets;

/// Makes a key inside the device.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateKey {
    /// At least one, fit for the type.
    pub mechanisms: Vec<KeyMechanism>,
    /// What kind of key.
    #[serde(rename = "type")]
    pub key_type: KeyType,
    /// Bits; needed for RSA and Generic, ignored by the device otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Its name; the device makes one up if there is none (or, on the wire, an empty one).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "empty_is_none"
    )]
    pub id: Option<KeyId>,
    /// Who may use it.
    #[serde(default, skip_serializing_if = "Restrictions::is_empty")]
    pub restrictions: Restrictions,
    /// A note.
    #[serde(default, skip_serializing_if = "KeyLabel::is_empty")]
    pub label: KeyLabel,
}

impl GenerateKey {
    /// A key of a type whose length is fixed, with a name made up by the device.
    pub fn new(key_type: KeyType, mechanisms: Vec<KeyMechanism>) -> Self {
        Self {
            mechanisms,
            key_type,
            length: None,
            id: None,
            restrictions: Restrictions::default(),
            label: KeyLabel::default(),
        }
    }
}

fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KeyId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|bad: BadId| de::Error::custom(bad.answer()))
}

/// Brings a key into the device.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportKey {
    /// Not checked against the type by the device, may even be empty.
    pub mechanisms: Vec<KeyMechanism>,
    /// What kind of key.
    #[serde(rename = "type")]
    pub key_type: KeyType,
    /// The key itself.
    pub private: PrivateKeyData,
    /// Who may use it.
    #[serde(default, skip_serializing_if = "Restrictions::is_empty")]
    pub restrictions: Restrictions,
    /// A note.
    #[serde(default, skip_serializing_if = "KeyLabel::is_empty")]
    pub label: KeyLabel,
}

/// A private key: `primeP`, `primeQ` and `publicExponent` for RSA, `data` for all others.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivateKeyData {
    /// RSA: the first prime, big-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prime_p: Option<SecretOctets>,
    /// RSA: the second prime, big-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prime_q: Option<SecretOctets>,
    /// RSA: the public exponent, big-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_exponent: Option<SecretOctets>,
    /// Curve25519: the 32-byte seed. EC and Brainpool: the scalar, big-endian, 32, 48, 64 or
    /// 66 bytes. Generic: the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SecretOctets>,
}

impl PrivateKeyData {
    /// An RSA key from its primes and its public exponent, all big-endian.
    pub fn rsa(p: SecretOctets, q: SecretOctets, exponent: SecretOctets) -> Self {
        Self {
            prime_p: Some(p),
            prime_q: Some(q),
            public_exponent: Some(exponent),
            data: None,
        }
    }

    /// Any other key: Ed25519 seed, scalar of a curve, or symmetric key.
    pub fn plain(data: SecretOctets) -> Self {
        Self {
            data: Some(data),
            ..Self::default()
        }
    }
}

json!(GenerateKey, ImportKey);
