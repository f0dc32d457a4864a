//! What stands in the way.

use nethsm::id::{NamespaceId, UserId};
use serde::Serialize;

use super::KeyPath;

/// Why nothing is done. Somebody has to change the configuration or the device first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum Refusal {
    /// The device does not answer.
    #[error("{device}: cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        device: String,
        /// Why.
        why: String,
    },
    /// The device was never seen before.
    #[error(
        "{device}: was never seen before; it shows the certificate {shown}. Compare that with the \
         device, then set tls = \"pin:{shown}\", or say --trust-new {shown}"
    )]
    New {
        /// Its address.
        device: String,
        /// What it shows.
        shown: String,
    },
    /// The device shows another certificate than the one it is known by.
    #[error("{device}: is known by the certificate {trusted}, but shows {shown}")]
    OtherCertificate {
        /// Its address.
        device: String,
        /// What it is known by.
        trusted: String,
        /// What it shows.
        shown: String,
    },
    /// The device has no working store.
    #[error("{device}: has failed; look at its diagnosis")]
    Failed {
        /// Its address.
        device: String,
    },
    /// No administrative credentials are at hand that the device knows.
    #[error(
        "{device}: does not know `admin` with the administrative credentials of this host, or there are \
         none"
    )]
    NoAdministrator {
        /// Its address.
        device: String,
    },
    /// The device has backups encrypted with a passphrase that is not known here.
    #[error("{device}: has another passphrase for backups than the one that is known here")]
    OtherBackupPassphrase {
        /// Its address.
        device: String,
    },
    /// No user makes backups.
    #[error("several devices are kept alike by backups, but no user of the HSM makes backups")]
    NoKeeper,
    /// A user has another role, which cannot be changed.
    #[error("{device}: user `{user}` is {found}, not {wanted}; a role cannot be changed")]
    Role {
        /// The address of the device.
        device: String,
        /// The user.
        user: UserId,
        /// The role that it has.
        found: String,
        /// The role that it should have.
        wanted: String,
    },
    /// A namespace cannot be managed.
    #[error(
        "{device}: no administrator of namespace `{namespace}` is known here, so it cannot be managed"
    )]
    NoNamespaceAdministrator {
        /// The address of the device.
        device: String,
        /// The namespace.
        namespace: NamespaceId,
    },
    /// A key is not of the kind that it should be. It is not replaced.
    #[error(
        "{device}: key `{key}` is {found}, not {wanted}; a key is never replaced: name another one, or \
         delete it yourself"
    )]
    KeyKind {
        /// The address of the device.
        device: String,
        /// The key.
        key: KeyPath,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A device has a key that is not the key of that name in the first device.
    #[error(
        "{device}: key `{key}` is not the one that {first} has; a restore would destroy it: reset the \
         device, or take it out of the list"
    )]
    OtherKey {
        /// The address of the device.
        device: String,
        /// The key.
        key: KeyPath,
        /// The address of the device it is compared with.
        first: String,
    },
    /// The certificate slot of a key has something else.
    #[error(
        "{device}: the certificate slot of key `{key}` has something else than an OpenPGP certificate \
         of that key"
    )]
    OtherCertificateInSlot {
        /// The address of the device.
        device: String,
        /// The key.
        key: KeyPath,
    },
    /// No operator may use the key, so that no certificate can be signed.
    #[error("no operator may use key `{key}`, so it cannot sign its certificate")]
    NobodySigns {
        /// The key.
        key: KeyPath,
    },
}

impl Refusal {
    /// Whether it is that a device cannot be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Failed { .. })
    }

    /// Whether it is that credentials are missing.
    pub fn is_missing_credentials(&self) -> bool {
        matches!(
            self,
            Self::NoAdministrator { .. }
                | Self::OtherBackupPassphrase { .. }
                | Self::NoNamespaceAdministrator { .. }
        )
    }
}
