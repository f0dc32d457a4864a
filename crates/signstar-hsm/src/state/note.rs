//! What somebody should know.

use nethsm::id::{NamespaceId, UserId};
use serde::Serialize;

use super::KeyPath;

/// What somebody should know, and nothing is done about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "note")]
pub enum Note {
    /// What is to be done after these steps can be told only then.
    #[error("{device}: more may follow; that can be seen only after these steps")]
    LookAgain {
        /// The address of the device.
        device: String,
    },
    /// A user that the configuration does not name.
    #[error("{device}: user `{user}` is not in the configuration")]
    SurplusUser {
        /// The address of the device.
        device: String,
        /// The user.
        user: UserId,
    },
    /// A namespace that the configuration does not name.
    #[error("{device}: namespace `{namespace}` is not in the configuration")]
    SurplusNamespace {
        /// The address of the device.
        device: String,
        /// The namespace.
        namespace: NamespaceId,
    },
    /// A key that the configuration does not name.
    #[error("{device}: key `{key}` is not in the configuration")]
    SurplusKey {
        /// The address of the device.
        device: String,
        /// The key.
        key: KeyPath,
    },
    /// Nobody makes backups.
    #[error("no user of this HSM makes backups: with the device, its keys are lost")]
    NoBackups,
}
