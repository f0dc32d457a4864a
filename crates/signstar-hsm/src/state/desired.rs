//! What an HSM is to be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::Timestamp;
use nethsm::{
    config::{Logging, Network, Ntp},
    id::{KeyId, NamespaceId, Tag, UserId},
    key::{KeyMechanism, KeyType},
    system::Switch,
    user::UserRole,
};
use serde::{Serialize, Serializer};

/// The administrator that a device gets when it is provisioned. It stays, and does everything here
/// that no administrator of a namespace has to do.
pub const ADMIN: &str = "admin";

/// What an HSM, of one device or several that hold the same keys, is to be.
///
/// What is `None` is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The devices, in their order.
    pub devices: Vec<DesiredDevice>,
    /// Whether a device starts without being unlocked.
    pub boot: Option<Switch>,
    /// Where the logs of the devices go.
    pub logging: Option<Logging>,
    /// Where the devices get the time from.
    pub ntp: Option<Ntp>,
    /// By how many seconds a clock may be wrong before it is set.
    pub clock_seconds: Option<u32>,
    /// Whether there is a passphrase for backups.
    pub backups: bool,
    /// The namespaces.
    pub namespaces: BTreeSet<NamespaceId>,
    /// The users besides [`ADMIN`], those of namespaces included.
    pub users: BTreeMap<UserId, DesiredUser>,
    /// The keys, those of namespaces included.
    pub keys: BTreeMap<KeyPath, DesiredKey>,
    /// What happens to users that are not named here.
    pub surplus: Surplus,
}

/// One device.
#[derive(Clone, Debug)]
pub struct DesiredDevice {
    /// Its address, as in `https://192.168.1.1/api/v1`.
    pub url: String,
    /// The SHA-256 of the TLS certificates that it is known by, in lower-case hexadecimal.
    pub trusted: BTreeSet<String>,
    /// The TLS certificate that it is to have, by which it is known as well.
    pub certificate: Option<TlsCertificate>,
    /// Its place in the network.
    pub network: Option<Network>,
}

/// The TLS certificate that a device is to have, for the TLS key that it has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsCertificate {
    /// It, with those of its authorities behind it.
    pub pem: String,
    /// The SHA-256 of its DER form, in lower-case hexadecimal.
    pub sha256: String,
}

impl DesiredDevice {
    /// The SHA-256 of all certificates that it is known by, one of which it shows.
    pub(super) fn known_by(&self) -> impl Iterator<Item = &str> {
        let wanted = self.certificate.iter();
        let wanted = wanted.map(|certificate| &certificate.sha256);
        self.trusted.iter().chain(wanted).map(String::as_str)
    }
}

/// One user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DesiredUser {
    /// What it may do.
    pub role: UserRole,
    /// For people. Cannot be changed, so a device may have another one.
    pub real_name: String,
    /// Its tags; none unless it is an operator.
    pub tags: BTreeSet<Tag>,
}

/// One key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DesiredKey {
    /// What kind of key.
    pub key_type: KeyType,
    /// Bits; for RSA and Generic only.
    pub length: Option<u32>,
    /// What it may be used for.
    pub mechanisms: BTreeSet<KeyMechanism>,
    /// Its tags: it can be used by operators with any of them, with none by all.
    pub tags: BTreeSet<Tag>,
    /// The user IDs of the OpenPGP certificate in its certificate slot, the primary one first; with
    /// none, the slot is not looked at.
    pub user_ids: Vec<String>,
    /// When that certificate ends, to the second; never if nothing.
    pub expires: Option<Timestamp>,
}

/// What happens to users that are not named.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Surplus {
    /// They are told of.
    #[default]
    Told,
    /// They are deleted.
    Deleted,
}

/// A key in a namespace, or in none. Written `id` or `namespace~id`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyPath {
    /// The namespace.
    pub namespace: Option<NamespaceId>,
    /// The name of the key there.
    pub id: KeyId,
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}~{}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl DesiredKey {
    /// Whether an operator with these tags may use the key.
    pub(super) fn admits(&self, operator: &DesiredUser) -> bool {
        self.tags.is_empty() || !self.tags.is_disjoint(&operator.tags)
    }
}

impl Desired {
    /// The user that makes backups, if any: one of no namespace.
    pub fn keeper(&self) -> Option<&UserId> {
        let mut users = self.users.iter();
        let is_keeper = |(id, user): &(&UserId, &DesiredUser)| {
            user.role == UserRole::Backup && id.namespace().is_none()
        };
        users.find(is_keeper).map(|(id, _)| id)
    }

    /// The first operator that may use the key at `path`.
    pub fn operator_of(&self, path: &KeyPath) -> Option<&UserId> {
        let key = self.keys.get(path)?;
        let mut users = self.users.iter();
        let may = |(id, user): &(&UserId, &DesiredUser)| {
            user.role == UserRole::Operator && id.namespace() == path.namespace && key.admits(user)
        };
        users.find(may).map(|(id, _)| id)
    }

    /// The first administrator of a namespace.
    pub fn administrator_of(&self, namespace: &NamespaceId) -> Option<&UserId> {
        let mut users = self.users.iter();
        let is_one = |(id, user): &(&UserId, &DesiredUser)| {
            user.role == UserRole::Administrator && id.namespace().as_ref() == Some(namespace)
        };
        users.find(is_one).map(|(id, _)| id)
    }
}
