//! One change.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use nethsm::{
    config::{Logging, Network, Ntp},
    id::{NamespaceId, Tag, UserId},
    key::{KeyMechanism, KeyType},
    system::Switch,
    user::UserRole,
};
use serde::{Serialize, Serializer};

use super::KeyPath;
use crate::Which;

/// One change, of one device or of what is stored on this host. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The address of the device; `None` for this host.
    pub device: Option<String>,
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// Starts a fresh device for the first time. It has [`ADMIN`](super::ADMIN) then.
    Provision,
    /// Makes a locked device work; nothing happens if it does.
    Unlock,
    /// Gives the device all that another one has.
    Restore {
        /// The address of the other one.
        from: String,
    },
    /// Says whether it starts without being unlocked.
    SetBoot {
        /// On if it does.
        unattended: Switch,
    },
    /// Says where its log goes.
    SetLogging {
        /// Where.
        logging: Logging,
    },
    /// Says where it gets the time from.
    SetNtp {
        /// Where.
        ntp: Ntp,
    },
    /// Sets its clock.
    SetTime,
    /// Gives it the TLS certificate that it is to have.
    SetTlsCertificate {
        /// The SHA-256 of that, in lower-case hexadecimal.
        sha256: String,
    },
    /// Gives it its place in the network.
    SetNetwork {
        /// Where.
        network: Network,
    },
    /// Gives it the passphrase for backups, or finds that it has it.
    SetBackupPassphrase,
    /// Adds a user, with the passphrase that is stored for it, made if there is none.
    AddUser {
        /// Its name.
        user: UserId,
        /// What it may do.
        role: UserRole,
        /// For people.
        real_name: String,
    },
    /// Gives a user a passphrase that is stored here.
    SetPassphrase {
        /// The user.
        user: UserId,
        /// Which of two that may be stored.
        to: Which,
    },
    /// Gives it what unlocks it from now on.
    SetUnlockPassphrase,
    /// Gives an administrator its new passphrase.
    SetAdministrator {
        /// The administrator.
        user: UserId,
    },
    /// Deletes a user.
    DeleteUser {
        /// Its name.
        user: UserId,
    },
    /// Drops the older of two passphrases that are stored.
    KeepNewPassphrase {
        /// Whose.
        user: UserId,
    },
    /// Drops the newer of two passphrases that are stored: no device has it.
    DropNewPassphrase {
        /// Whose.
        user: UserId,
    },
    /// Adds a namespace.
    AddNamespace {
        /// Its name.
        namespace: NamespaceId,
    },
    /// Gives an operator a tag.
    TagUser {
        /// The operator.
        user: UserId,
        /// The tag.
        tag: Tag,
    },
    /// Takes a tag from an operator.
    UntagUser {
        /// The operator.
        user: UserId,
        /// The tag.
        tag: Tag,
    },
    /// Has the device make a key.
    GenerateKey {
        /// Its name.
        key: KeyPath,
        /// What kind of key.
        key_type: KeyType,
        /// Bits; for RSA and Generic only.
        #[serde(skip_serializing_if = "Option::is_none")]
        length: Option<u32>,
        /// What it may be used for.
        mechanisms: BTreeSet<KeyMechanism>,
        /// Its tags, from the beginning.
        tags: BTreeSet<TagText>,
    },
    /// Gives a key a tag.
    TagKey {
        /// The key.
        key: KeyPath,
        /// The tag.
        tag: Tag,
    },
    /// Takes a tag from a key.
    UntagKey {
        /// The key.
        key: KeyPath,
        /// The tag.
        tag: Tag,
    },
    /// Puts an OpenPGP certificate into the empty certificate slot of a key: the one that is kept on
    /// this host, else a new one.
    Certify {
        /// The key.
        key: KeyPath,
        /// The user IDs, the primary one first.
        user_ids: Vec<String>,
        /// When it ends; never if nothing.
        #[serde(serialize_with = "text", skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// The operator that signs it.
        by: UserId,
    },
    /// Has the OpenPGP certificate of a key say something new. Its fingerprint stays.
    Renew {
        /// The key.
        key: KeyPath,
        /// The user IDs that it has then.
        user_ids: Vec<String>,
        /// When it ends then; never if nothing.
        #[serde(serialize_with = "text", skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// The operator that signs it.
        by: UserId,
    },
    /// Copies the certificate in the slot of a key to this host.
    KeepCertificate {
        /// The key.
        key: KeyPath,
    },
}

fn until(expires: Option<Timestamp>) -> String {
    expires.map_or_else(String::new, |end| format!(" until {end}"))
}

fn text<S: Serializer>(expires: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    expires.map(|end| end.to_string()).serialize(serializer)
}

/// A tag as it is written.
pub(super) type TagText = String;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provision => f.write_str("provision it, with the credentials kept for it"),
            Self::Unlock => f.write_str("unlock it"),
            Self::Restore { from } => write!(f, "restore into it a backup of {from}"),
            Self::SetBoot { unattended } => write!(f, "turn unattended boot {unattended}"),
            Self::SetLogging { logging } if logging.ip_address.is_unspecified() => {
                f.write_str("send its log nowhere")
            }
            Self::SetLogging { logging } => write!(
                f,
                "send its log ({} and worse) to {} port {}",
                logging.log_level, logging.ip_address, logging.port
            ),
            Self::SetNtp { ntp } => match ntp.ntp_ip {
                Some(address) => write!(f, "get the time from {address}"),
                None => f.write_str("get the time from nobody"),
            },
            Self::SetTime => f.write_str("set its clock"),
            Self::SetTlsCertificate { sha256 } => {
                write!(f, "give it the TLS certificate {sha256}")
            }
            Self::SetNetwork { network } => write!(
                f,
                "give it the address {} mask {} gateway {}",
                network.ip_address, network.netmask, network.gateway
            ),
            Self::SetBackupPassphrase => f.write_str("set the passphrase for backups"),
            Self::AddUser { user, role, .. } => write!(f, "add user `{user}` ({role})"),
            Self::SetPassphrase { user, to } => {
                let which = match to {
                    Which::Current => "the stored passphrase",
                    Which::New => "its new passphrase",
                };
                write!(f, "give user `{user}` {which}")
            }
            Self::SetUnlockPassphrase => f.write_str("set the passphrase that unlocks it"),
            Self::SetAdministrator { user } => {
                write!(f, "give administrator `{user}` its new passphrase")
            }
            Self::DeleteUser { user } => write!(f, "delete user `{user}`"),
            Self::KeepNewPassphrase { user } => {
                write!(f, "drop the old passphrase of `{user}`")
            }
            Self::DropNewPassphrase { user } => {
                write!(f, "drop the unused new passphrase of `{user}`")
            }
            Self::AddNamespace { namespace } => write!(f, "add namespace `{namespace}`"),
            Self::TagUser { user, tag } => write!(f, "give user `{user}` the tag `{tag}`"),
            Self::UntagUser { user, tag } => write!(f, "take the tag `{tag}` from user `{user}`"),
            Self::GenerateKey {
                key,
                key_type,
                length,
                mechanisms,
                tags,
            } => {
                write!(f, "make key `{key}` ({key_type}")?;
                if let Some(length) = length {
                    write!(f, ", {length} bits")?;
                }
                let names = mechanisms.iter().map(|mechanism| mechanism.as_str());
                write!(f, "; {}", names.collect::<Vec<_>>().join(", "))?;
                if !tags.is_empty() {
                    let tags: Vec<_> = tags.iter().map(String::as_str).collect();
                    write!(f, "; for {}", tags.join(", "))?;
                }
                f.write_str(")")
            }
            Self::TagKey { key, tag } => write!(f, "give key `{key}` the tag `{tag}`"),
            Self::UntagKey { key, tag } => write!(f, "take the tag `{tag}` from key `{key}`"),
            Self::Certify {
                key,
                user_ids,
                expires,
                by,
            } => write!(
                f,
                "give key `{key}` an OpenPGP certificate for {}{} (signed as `{by}`)",
                user_ids.join(", "),
                until(*expires)
            ),
            Self::Renew {
                key,
                user_ids,
                expires,
                by,
            } => write!(
                f,
                "renew the OpenPGP certificate of key `{key}` for {}{} (signed as `{by}`)",
                user_ids.join(", "),
                until(*expires)
            ),
            Self::KeepCertificate { key } => {
                write!(f, "copy the certificate of key `{key}` to this host")
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.device {
            Some(device) => write!(f, "{device}: {}", self.action),
            None => write!(f, "this host: {}", self.action),
        }
    }
}
