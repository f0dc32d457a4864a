//! What is found of an HSM.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nethsm::{
    config::{Logging, Network, Ntp},
    id::{NamespaceId, UserId},
    key::{KeyMechanism, KeyType},
    system::{Switch, SystemState},
    user::UserRole,
};

use super::KeyPath;

/// What is found: on the devices, in the order of [`Desired::devices`](super::Desired::devices),
/// and on this host.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The devices.
    pub devices: Vec<ObservedDevice>,
    /// The users of whom a second, newer passphrase is stored on this host: somebody was
    /// interrupted while changing it.
    pub half_changed: BTreeSet<UserId>,
    /// The SHA-256 of the binary forms of the certificates that are kept on this host, in lower-case
    /// hexadecimal.
    pub kept: BTreeMap<KeyPath, String>,
}

/// One device.
#[derive(Clone, Debug)]
pub struct ObservedDevice {
    /// The SHA-256 of the TLS certificate that it shows, in lower-case hexadecimal.
    pub shown: Option<String>,
    /// How it is.
    pub condition: Condition,
}

/// How a device is.
#[derive(Clone, Debug)]
pub enum Condition {
    /// It does not answer.
    Unreachable(String),
    /// It is not known by its certificate, so nothing secret was sent to it. What it says of its
    /// state may be a lie.
    Unknown(Option<SystemState>),
    /// It has nothing yet.
    Unprovisioned,
    /// It waits to be unlocked.
    Locked,
    /// It answers, but does not know [`ADMIN`](super::ADMIN) with the passphrase that is known
    /// here, or none is known.
    NoAdministrator,
    /// It has no working store.
    Failed,
    /// It is at work.
    Operational(Box<Content>),
}

/// What a device has.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Whether it starts without being unlocked; `None` where nobody has looked.
    pub boot: Option<Switch>,
    /// Its place in the network.
    pub network: Option<Network>,
    /// Where its log goes.
    pub logging: Option<Logging>,
    /// Where it gets the time from.
    pub ntp: Option<Ntp>,
    /// By how many seconds its clock is wrong.
    pub clock_off: u64,
    /// The passphrase for backups.
    pub backup: BackupPassphrase,
    /// The namespaces.
    pub namespaces: BTreeSet<NamespaceId>,
    /// The users.
    pub users: BTreeMap<UserId, FoundUser>,
    /// The keys, as far as they can be seen: those of a namespace without a known administrator
    /// cannot.
    pub keys: BTreeMap<KeyPath, FoundKey>,
}

/// Whether the passphrase for backups is set. A device does not tell; its backups do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum BackupPassphrase {
    /// Nobody could make a backup to look at.
    #[default]
    Unknown,
    /// There is none.
    Unset,
    /// It is the one that is known here.
    Ours,
    /// It is another one.
    Other,
}

/// A user of a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundUser {
    /// What it may do.
    pub role: UserRole,
    /// Its tags, as the device tells them.
    pub tags: BTreeSet<String>,
    /// Whether it can log in with what is stored here.
    pub login: Login,
}

/// Whether a user can log in with what is stored for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Login {
    /// Nobody has tried: it is not a user that is to be.
    Untried,
    /// It can, with the current passphrase.
    Current,
    /// It can, with the newer of two.
    New,
    /// It cannot, or nothing is stored.
    Refused,
}

/// A key of a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundKey {
    /// What kind of key.
    pub key_type: KeyType,
    /// Bits; for RSA only, as the public half tells.
    pub length: Option<u32>,
    /// What it may be used for.
    pub mechanisms: BTreeSet<KeyMechanism>,
    /// Its tags, as the device tells them.
    pub tags: BTreeSet<String>,
    /// The SHA-256 of its public half, in lower-case hexadecimal; none for a Generic key.
    pub public: Option<String>,
    /// Its certificate slot.
    pub slot: Slot,
}

/// The certificate slot of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Slot {
    /// Nobody has looked.
    Untold,
    /// It is empty.
    Empty,
    /// It has an OpenPGP certificate of this key.
    Certificate {
        /// The SHA-256 of its binary form, in lower-case hexadecimal.
        digest: String,
        /// Those that hold.
        user_ids: Vec<String>,
        /// When it ends; never if nothing.
        expires: Option<Timestamp>,
    },
    /// It has something else.
    Other,
}

impl Content {
    /// What a device has that was provisioned a moment ago.
    pub(super) fn fresh() -> Self {
        let admin = FoundUser {
            role: UserRole::Administrator,
            tags: BTreeSet::new(),
            login: Login::Current,
        };
        let users = super::ADMIN
            .parse()
            .into_iter()
            .map(|id| (id, admin.clone()));
        Self {
            backup: BackupPassphrase::Unset,
            users: users.collect(),
            ..Self::default()
        }
    }
}
