//! Who may change the host and its HSMs, and where the credentials for that are.

use std::path::PathBuf;

use serde::Deserialize;

use super::UserName;

/// Where the passphrases of administrators, for unlocking and for backups are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub struct Administration {
    /// How they are kept.
    pub credentials: AdministrativeCredentials,
    /// The folder with them, as they are kept.
    pub folder: PathBuf,
}

/// How administrative credentials are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdministrativeCredentials {
    /// As they are, readable by `root`. For trying and developing.
    Plaintext,
    /// Encrypted to this host (systemd-creds(1)).
    SystemdCreds,
    /// Sealed, with the key split among people.
    Shares(Sharing),
}

/// Among whom the key is split.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sharing {
    /// How many of the holders it takes.
    pub threshold: u8,
    /// The users with the role `share-holder`, each with one share.
    pub holders: Vec<UserName>,
    /// The folder that shares are uploaded to. It is in memory (a tmpfs).
    pub volatile: PathBuf,
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    /// How they are kept.
    credentials: Kind,
    /// The folder with them, as they are kept.
    #[serde(default = "var_lib")]
    folder: PathBuf,
    /// Of `shares`: how many of the holders it takes.
    threshold: Option<u8>,
    /// Of `shares`: the users with the role `share-holder`, each with one share.
    holders: Option<Vec<UserName>>,
    /// The folder for shares in clear, in memory (`tmpfs`); without this, `/run/signstar/shares`.
    volatile: Option<PathBuf>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// As they are, readable by `root`. For trying and developing.
    Plaintext,
    /// Encrypted to this host (systemd-creds(1)).
    SystemdCreds,
    /// Sealed, with the key split among people.
    Shares,
}

fn var_lib() -> PathBuf {
    PathBuf::from("/var/lib/signstar/administration")
}

fn run() -> PathBuf {
    PathBuf::from("/run/signstar/shares")
}

impl TryFrom<Written> for Administration {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let sharing = (written.threshold, written.holders, written.volatile);
        let credentials = match (written.credentials, sharing) {
            (Kind::Plaintext, (None, None, None)) => AdministrativeCredentials::Plaintext,
            (Kind::SystemdCreds, (None, None, None)) => AdministrativeCredentials::SystemdCreds,
            (Kind::Shares, (Some(threshold), Some(holders), volatile)) => {
                AdministrativeCredentials::Shares(Sharing {
                    threshold,
                    holders,
                    volatile: volatile.unwrap_or_else(run),
                })
            }
            (Kind::Shares, _) => {
                return Err("credentials in `shares` need a `threshold` and `holders`");
            }
            _ => {
                return Err(
                    "only credentials in `shares` have a `threshold`, `holders` and `volatile`",
                );
            }
        };
        Ok(Self {
            credentials,
            folder: written.folder,
        })
    }
}
