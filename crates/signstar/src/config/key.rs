//! The keys, each with what its kinds of signature need.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{FileNames, Hsm, HsmName, InvalidName, ObjectId};
use crate::request::OutputType;

/// One key in an HSM, and what to use it with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// The HSM that holds it.
    pub hsm: HsmName,
    /// Its identifier in the HSM; behind PKCS#11 its label.
    pub id: String,
    /// Its identifier on a token behind PKCS#11, where several keys have one label.
    pub object_id: Option<ObjectId>,
    /// The operator in the HSM that may use it. There is none behind PKCS#11.
    pub operator: Option<String>,
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

    /// What it has or lacks that does not go with a key in `hsm`.
    pub(super) fn does_not_fit(&self, hsm: &Hsm) -> Option<&'static str> {
        let behind_pkcs11 = matches!(hsm, Hsm::Pkcs11(_));
        match (&self.operator, &self.object_id) {
            (Some(_), _) if behind_pkcs11 => Some(
                "has an `operator`, but a token has none: `passphrase` is its PIN and `operator` \
                 has to be left out",
            ),
            (None, _) if !behind_pkcs11 => Some("has no `operator`, which its HSM needs"),
            (_, Some(_)) if !behind_pkcs11 => {
                Some("has an `object-id`, which only keys behind PKCS#11 have")
            }
            _ => None,
        }
    }

    /// Whether it has a certificate of either version.
    pub(super) fn is_for_openpgp(&self) -> bool {
        self.certificate.is_some() || self.certificate_v6.is_some()
    }
}
