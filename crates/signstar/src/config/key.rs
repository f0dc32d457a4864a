//! The keys, each with what its kinds of signature need.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::{
    FileNames, HsmKeyId, HsmName, HsmUser, InvalidName, KeyType, ObjectId, client::instant,
};
use crate::request::OutputType;

/// One key in an HSM, and what to use it with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// The HSM that holds it.
    pub hsm: HsmName,
    /// Its identifier in the HSM; behind PKCS#11 its label.
    pub id: HsmKeyId,
    /// Its identifier on a token behind PKCS#11, where several keys have one label.
    pub object_id: Option<ObjectId>,
    /// The operator in the HSM that may use it. There is none behind PKCS#11.
    pub operator: Option<HsmUser>,
    /// Where the passphrase of that operator is; behind PKCS#11 the PIN of the token.
    pub passphrase: Credential,
    /// The file with its OpenPGP certificate of version 4.
    pub certificate: Option<PathBuf>,
    /// The file with its OpenPGP certificate of version 6.
    pub certificate_v6: Option<PathBuf>,
    /// The file with its public half as PEM `PUBLIC KEY`, for a key without certificate.
    pub public_key: Option<PathBuf>,
    /// The namespace of its SSH signatures.
    pub ssh_namespace: Option<SshNamespace>,
    /// How it signs digests as they are.
    pub raw: Option<Mechanism>,
    /// The user ID of its certificates that is responsible for its OpenPGP signatures.
    pub signer_user_id: Option<String>,
    /// What the public log tells of the names of its files, in place of what it tells in general.
    pub log_file_names: Option<FileNames>,
    /// The file with the policy (C2SP `tlog-policy`) that proofs have to satisfy before its
    /// signatures are released: which witnesses have to have seen them.
    pub log_policy: Option<PathBuf>,
    /// What kind of key it is to be. Only what makes keys needs it.
    #[serde(rename = "type")]
    pub key_type: Option<KeyType>,
    /// The user IDs that its certificates are to have, the first one first.
    #[serde(default)]
    pub user_ids: Vec<String>,
    /// When its certificates are to end; without this, never.
    #[serde(default, deserialize_with = "instant")]
    pub expires: Option<SystemTime>,
    /// Further notations for every OpenPGP signature: `name@domain` and text.
    #[serde(default)]
    pub notations: BTreeMap<String, String>,
}

/// Where a secret is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// In a file of its own that only the user of the session can read. One line feed at its end
    /// does not count.
    File(PathBuf),
    /// In a file that only this host can decrypt, and only for the user of the session: made by
    /// `systemd-creds encrypt --uid=USER` under the name of the file.
    SystemdCreds(PathBuf),
}

impl Credential {
    /// The file that it is in.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::SystemdCreds(path) => path,
        }
    }
}

/// How a key signs a digest as it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    Pkcs1,
    /// RSASSA-PSS with a salt as long as the digest and MGF1 of the same hash (RFC 8017 §8.1).
    Pss,
    /// ECDSA on P-256, P-384 or P-521, as DER (RFC 3279 §2.2.3).
    Ecdsa,
    /// Pure Ed25519 with the digest as its message (RFC 8032 §5.1).
    Ed25519,
}

impl Mechanism {
    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pkcs1 => "pkcs1",
            Self::Pss => "pss",
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What SSH signatures are for: 1 to 128 printable ASCII characters, as in `packages@example.org`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct SshNamespace(String);

impl SshNamespace {
    /// Takes `text` if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let printable = text.bytes().all(|octet| octet.is_ascii_graphic());
        if (1..=128).contains(&text.len()) && printable {
            Ok(Self(text))
        } else {
            Err(InvalidName::Namespace(text))
        }
    }

    /// The namespace as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SshNamespace {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl fmt::Display for SshNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Key {
    /// How it signs in the HSM, if its type is told: the one mechanism that it needs, and the only
    /// one that it is to have.
    pub fn mechanism(&self) -> Option<Mechanism> {
        let usual = || self.key_type?.mechanisms().first().copied();
        self.raw.or_else(usual)
    }

    /// What a signature of the kind `output` needs and this key lacks, as it is called in the
    /// configuration.
    pub(super) fn lacks(&self, output: OutputType) -> Option<&'static str> {
        let has_public_key = self.public_key.is_some() || self.is_for_openpgp();
        match output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV4Text if self.certificate.is_none() => {
                Some("certificate")
            }
            OutputType::OpenPgpV6 if self.certificate_v6.is_none() => Some("certificate-v6"),
            OutputType::Ssh if self.ssh_namespace.is_none() => Some("ssh-namespace"),
            OutputType::Raw if self.raw.is_none() => Some("raw"),
            OutputType::Ssh | OutputType::Raw if !has_public_key => Some("public-key"),
            _ => None,
        }
    }

    /// The namespace that it is in; none for a key of the whole device.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.operator.as_ref()?.namespace()
    }

    /// Whether it has a certificate of either version.
    pub(super) fn is_for_openpgp(&self) -> bool {
        self.certificate.is_some() || self.certificate_v6.is_some()
    }
}
