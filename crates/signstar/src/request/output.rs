//! The kinds of signature.

use super::Salt;
use crate::sign::Document;

/// What a request wants to have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// A detached OpenPGP version 4 signature (RFC 9580 §5.2.3), in ASCII armor.
    OpenPgpV4,
    /// The same over a text, as cleartext signatures have it (RFC 9580 §7). The client hashes the
    /// text with CR and LF at the ends of its lines.
    OpenPgpV4Text,
    /// The salt that the next signature of version 6 begins with.
    OpenPgpV6Salt,
    /// A detached OpenPGP version 6 signature with this salt, in ASCII armor.
    OpenPgpV6(Salt),
    /// An SSH signature over the file (OpenSSH `PROTOCOL.sshsig`).
    Ssh,
    /// A bare signature over the digest.
    Raw,
}

/// The kinds of signature that a client can be allowed.
#[derive(
    Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize,
)]
pub enum OutputType {
    /// Detached OpenPGP signatures of version 4.
    #[serde(rename = "OpenPGPv4")]
    OpenPgpV4,
    /// The same over texts.
    #[serde(rename = "OpenPGPv4-text")]
    OpenPgpV4Text,
    /// Detached OpenPGP signatures of version 6, and salts for them.
    #[serde(rename = "OpenPGPv6")]
    OpenPgpV6,
    /// SSH signatures.
    #[serde(rename = "SSHSIG")]
    Ssh,
    /// Bare signatures over digests.
    #[serde(rename = "raw")]
    Raw,
}

impl OutputType {
    /// The name of this type in the configuration and, unless it is a salt, in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenPgpV4 => "OpenPGPv4",
            Self::OpenPgpV4Text => "OpenPGPv4-text",
            Self::OpenPgpV6 => "OpenPGPv6",
            Self::Ssh => "SSHSIG",
            Self::Raw => "raw",
        }
    }

    /// What an OpenPGP signature of this kind is made over.
    pub(crate) fn document(self) -> Document {
        match self {
            Self::OpenPgpV4Text => Document::Text,
            _ => Document::Binary,
        }
    }
}

impl Output {
    /// The name of the salts for version 6 in requests.
    pub(super) const SALT: &'static str = "OpenPGPv6-salt";

    /// What a client has to be allowed to have this.
    pub fn kind(&self) -> OutputType {
        match self {
            Self::OpenPgpV4 => OutputType::OpenPgpV4,
            Self::OpenPgpV4Text => OutputType::OpenPgpV4Text,
            Self::OpenPgpV6Salt | Self::OpenPgpV6(_) => OutputType::OpenPgpV6,
            Self::Ssh => OutputType::Ssh,
            Self::Raw => OutputType::Raw,
        }
    }

    /// The name of this type in requests.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OpenPgpV6Salt => Self::SALT,
            other => other.kind().as_str(),
        }
    }
}
