//! What is to be done with a YubiHSM2.

use std::fmt;

use serde::Serialize;

use crate::hsm::{
    files::{FileStep, KeyRefusal},
    plan::{Changes, Refuses},
};

/// What is to be done with a YubiHSM2.
pub(crate) type DevicePlan = Changes<DeviceStep, DeviceRefusal>;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum DeviceStep {
    /// Puts an administrator into a device that is new.
    PutAdministrator {
        /// The number of its authentication key.
        number: u16,
    },
    /// Deletes the authentication key that every new device has.
    DeleteFactoryKey,
    /// Puts the key of backups into the device.
    PutWrapKey {
        /// Its number.
        number: u16,
    },
    /// Has it make a key.
    GenerateKey {
        /// The label of the key.
        key: String,
        /// What kind of key.
        key_type: String,
        /// The domains that it is in, as bits.
        domains: u16,
    },
    /// Puts an authentication key into it, with a passphrase that is stored on this host.
    PutOperator {
        /// Its number.
        number: u16,
        /// What it is for.
        purpose: String,
        /// Whether one with this number has to go.
        replace: bool,
    },
    /// Deletes an authentication key that the configuration does not name.
    DeleteOperator {
        /// Its number.
        number: u16,
    },
    /// Has it log what is done with it.
    Audit,
    /// Has it do nothing more while its log is full.
    ForceAudit,
    /// Writes a file about a key.
    #[serde(untagged)]
    File(FileStep),
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum DeviceRefusal {
    /// It does not answer.
    #[error("the device cannot be reached: {why}")]
    Unreachable {
        /// Why.
        why: String,
    },
    /// It is another one.
    #[error("{why}")]
    OtherDevice {
        /// Which.
        why: String,
    },
    /// What it takes to administer it could not be kept.
    #[error("without [administration] nobody could administer the device later")]
    NoAdministration,
    /// Its administrator cannot log in.
    #[error("nobody can log in as administrator {number}: {why}")]
    NoLogin {
        /// The number of its authentication key.
        number: u16,
        /// Why.
        why: String,
    },
    /// It is as new, and was not.
    #[error(
        "the device was reset: its keys are gone; `signstar-configure restore` brings them back"
    )]
    Reset,
    /// There are more keys than domains.
    #[error("key `{key}`: each of the 16 domains has a key already")]
    NoDomain {
        /// The label of the key.
        key: String,
    },
    /// A key, or a file about it, is not what it is to be.
    #[error(transparent)]
    #[serde(untagged)]
    Key(KeyRefusal),
}

impl Refuses for DeviceRefusal {
    fn status(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => 21,
            Self::NoLogin { .. } | Self::NoAdministration => 22,
            Self::OtherDevice { .. } | Self::Reset | Self::NoDomain { .. } | Self::Key(_) => 1,
        }
    }
}

impl fmt::Display for DeviceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutAdministrator { number } => write!(
                f,
                "add administrator {number}, with a passphrase that is made up for it"
            ),
            Self::DeleteFactoryKey => {
                f.write_str("delete the authentication key that every new device has")
            }
            Self::PutWrapKey { number } => {
                write!(
                    f,
                    "add wrap key {number}, for backups, made up on this host"
                )
            }
            Self::GenerateKey {
                key,
                key_type,
                domains,
            } => write!(
                f,
                "make key `{key}` ({key_type}) in domain {}",
                signstar_hsm::yubihsm2::object::Domains(*domains)
            ),
            Self::PutOperator {
                number,
                purpose,
                replace: false,
            } => write!(f, "add operator {number}, {purpose}"),
            Self::PutOperator {
                number,
                purpose,
                replace: true,
            } => write!(f, "replace operator {number}, {purpose}"),
            Self::DeleteOperator { number } => write!(f, "delete operator {number}"),
            Self::Audit => f.write_str("log who logs in, what is signed and what is changed"),
            Self::ForceAudit => f.write_str("do nothing more while its log is full"),
            Self::File(step) => step.fmt(f),
        }
    }
}
