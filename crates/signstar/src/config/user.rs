//! The users that sign nothing, and what each of them is for.

use serde::Deserialize;

use super::{Credential, HsmName, HsmUser, SshKey};

/// A user that signs nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub struct User {
    /// What it is for.
    pub role: Role,
    /// The keys that it logs in with. Only what sets up hosts needs them.
    pub ssh_keys: Vec<SshKey>,
}

/// What a user that signs nothing is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Role {
    /// The public halves of all keys.
    Certificates,
    /// The metrics of all clients.
    Metrics,
    /// A backup of an HSM.
    Backup(Backup),
    /// It holds a share of the administrative credentials, and downloads and uploads no other.
    ShareHolder,
}

/// Whose backup, and who makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// The HSM.
    pub hsm: HsmName,
    /// The user of the role Backup in the HSM.
    pub operator: HsmUser,
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
            Self::ShareHolder => "share-holder",
        }
    }
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// What it is for.
    role: Name,
    /// The keys that it logs in with. Only what sets up hosts needs them.
    #[serde(default)]
    ssh_keys: Vec<SshKey>,
    /// Of the role `backup`: the HSM.
    hsm: Option<HsmName>,
    /// Of the role `backup`: the user of the role Backup in the HSM.
    operator: Option<HsmUser>,
    /// Of the role `backup`: where the passphrase of that user is.
    passphrase: Option<Credential>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Certificates,
    Metrics,
    Backup,
    ShareHolder,
}

impl TryFrom<Written> for User {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let account = (written.hsm, written.operator, written.passphrase);
        let role = match (written.role, account) {
            (Name::Certificates, (None, None, None)) => Role::Certificates,
            (Name::Metrics, (None, None, None)) => Role::Metrics,
            (Name::ShareHolder, (None, None, None)) => Role::ShareHolder,
            (Name::Backup, (Some(hsm), Some(operator), Some(passphrase))) => Role::Backup(Backup {
                hsm,
                operator,
                passphrase,
            }),
            (Name::Backup, _) => {
                return Err("a user with the role `backup` has `hsm`, `operator` and `passphrase`");
            }
            _ => {
                return Err(
                    "only a user with the role `backup` has `hsm`, `operator` and `passphrase`",
                );
            }
        };
        Ok(Self {
            role,
            ssh_keys: written.ssh_keys,
        })
    }
}
