//! What is encrypted and decrypted with keys.

use serde::{Deserialize, Serialize};

use super::{DecryptMode, EncryptMode};
use crate::body::{MESSAGE, json};
use crate::octets::{Octets, SecretOctets};

/// Asks for encryption.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptRequest {
    /// How.
    pub mode: EncryptMode,
    /// A multiple of 16 bytes, possibly none.
    pub message: SecretOctets,
    /// The initialisation vector, 16 bytes; the device takes a random one if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iv: Option<Octets>,
}

/// What was encrypted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Encrypted {
    /// As long as the message.
    pub encrypted: Octets,
    /// The initialisation vector, 16 bytes.
    pub iv: Octets,
}

/// Asks for decryption.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecryptRequest {
    /// How.
    pub mode: DecryptMode,
    /// As long as the modulus for RSA, a multiple of 16 bytes for AES-CBC.
    pub encrypted: Octets,
    /// The initialisation vector, 16 bytes: needed for AES-CBC, ignored otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iv: Option<Octets>,
}

/// What was decrypted, not to be shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct Decrypted {
    /// Without the padding of RSA; AES-CBC has none.
    pub decrypted: SecretOctets,
}

json!(up to (MESSAGE): EncryptRequest, Encrypted, DecryptRequest, Decrypted);
