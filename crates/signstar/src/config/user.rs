//! The users that sign nothing, and what each of them downloads.

use serde::Deserialize;

use super::{Credential, HsmName};

/// What a user that signs nothing may download.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub enum Role {
    /// The public halves of all keys.
    Certificates,
    /// The metrics of all clients.
    Metrics,
    /// A backup of an HSM.
    Backup(Backup),
}

/// Whose backup, and who makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// The HSM.
    pub hsm: HsmName,
    /// The user of the role Backup in the HSM.
    pub operator: String,
    /// Where the passphrase of that user is.
    pub passphrase: Credential,
}

impl Role {
    /// Its name in the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Metrics => "metrics",
            Self::Backup(_) => "backup",
        }
    }
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    role: Name,
    hsm: Option<HsmName>,
    operator: Option<String>,
    passphrase: Option<Credential>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Certificates,
    Metrics,
    Backup,
}

impl TryFrom<Written> for Role {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let account = (written.hsm, written.operator, written.passphrase);
        match (written.role, account) {
            (Name::Certificates, (None, None, None)) => Ok(Self::Certificates),
            (Name::Metrics, (None, None, None)) => Ok(Self::Metrics),
            (Name::Backup, (Some(hsm), Some(operator), Some(passphrase))) => {
                Ok(Self::Backup(Backup {
                    hsm,
                    operator,
                    passphrase,
                }))
            }
            (Name::Backup, _) => {
                Err("a user with the role `backup` has `hsm`, `operator` and `passphrase`")
            }
            _ => Err("only a user with the role `backup` has `hsm`, `operator` and `passphrase`"),
        }
    }
}
