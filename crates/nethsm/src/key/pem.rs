//! Keys brought in as PEM.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyLabel, KeyMechanism, Restrictions};
use crate::body::{self, BadBody, Body, Kind};
use crate::multipart;
use crate::octets::SecretOctets;

/// Brings a key into the device, with two parts: `arguments` and `key_file`.
#[derive(Debug)]
pub struct ImportPem {
    /// What the key may be used for, and by whom.
    pub arguments: PemArguments,
    /// PEM, not encrypted: PKCS #8, or PKCS #1 for RSA, or SEC 1 for curves.
    pub key: SecretOctets,
}

/// What goes with a key in PEM, which tells its type itself.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PemArguments {
    /// Not checked against the type by the device, may even be empty.
    pub mechanisms: Vec<KeyMechanism>,
    /// Who may use it.
    #[serde(default, skip_serializing_if = "Restrictions::is_empty")]
    pub restrictions: Restrictions,
    /// A note.
    #[serde(default, skip_serializing_if = "KeyLabel::is_empty")]
    pub label: KeyLabel,
}

impl Body for ImportPem {
    const KIND: Kind = Kind::Multipart;

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, BadBody> {
        let arguments = body::write(&self.arguments)?;
        let parts = [
            ("arguments", arguments.as_slice()),
            ("key_file", self.key.expose()),
        ];
        Ok(multipart::write(parts))
    }

    /// The device goes by the order of the names of the parts, not by the names themselves.
    fn from_bytes(bytes: &[u8]) -> Result<Self, BadBody> {
        let mut parts = multipart::read_two(bytes)?;
        parts.sort_by_key(|part| part.name);
        let [arguments, key] = parts;
        Ok(Self {
            arguments: body::read(arguments.content)?,
            key: SecretOctets::new(key.content.to_vec()),
        })
    }
}
