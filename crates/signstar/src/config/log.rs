//! The log, and what is told there.

use std::{fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::KeyName;
use crate::log::{Algorithm, VerifierKey};

/// Where signatures are recorded.
///
/// There is no default: a configuration has to name one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Log {
    /// Nowhere: signatures leave without a public record. For trying and testing.
    Unlogged,
    /// In the public log.
    Public(PublicLog),
}

/// The public log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PublicLog {
    /// The socket on which its writer listens.
    pub socket: PathBuf,
    /// The key that signs its checkpoints. Every proof is checked with it.
    #[serde(deserialize_with = "ed25519")]
    pub vkey: VerifierKey,
    /// The key in an HSM that `signstar-log serve --config` signs checkpoints with. It is that of
    /// `vkey`, and used for nothing else.
    pub key: Option<KeyName>,
    /// What it tells of the names of files.
    #[serde(default)]
    pub file_names: FileNames,
}

/// What the public log tells of the names of files.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum FileNames {
    /// The name.
    #[default]
    Plain,
    /// A hash of it with the salt that the client chose; nothing if it chose none.
    Commitment,
    /// Nothing.
    Absent,
}

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrTable;

        impl<'de> Visitor<'de> for WordOrTable {
            type Value = Log;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"unlogged\" or the table [log]")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Log, E> {
                match word {
                    "unlogged" => Ok(Log::Unlogged),
                    other => Err(E::unknown_variant(other, &["unlogged"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Log, A::Error> {
                PublicLog::deserialize(MapAccessDeserializer::new(map)).map(Log::Public)
            }
        }

        deserializer.deserialize_any(WordOrTable)
    }
}

fn ed25519<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifierKey, D::Error> {
    let text = String::deserialize(deserializer)?;
    let key: VerifierKey = text.parse().map_err(D::Error::custom)?;
    if key.algorithm() == Algorithm::Ed25519 {
        Ok(key)
    } else {
        Err(D::Error::custom("the key of a log is of type 0x01"))
    }
}
