//! What the stories want of an HSM.

use std::collections::BTreeSet;

use nethsm::{
    config::{LogLevel, Logging},
    id::{Tag, UserId},
    key::{KeyMechanism, KeyType},
    system::Switch,
    user::UserRole,
};
use signstar_hsm::state::{Desired, DesiredDevice, DesiredKey, DesiredUser, KeyPath};

pub(crate) fn tags(names: &[&str]) -> BTreeSet<Tag> {
    let tags = names.iter().map(|name| name.parse().expect("a tag"));
    tags.collect()
}

pub(crate) fn user(role: UserRole, names: &[&str]) -> DesiredUser {
    DesiredUser {
        role,
        real_name: String::new(),
        tags: tags(names),
    }
}

pub(crate) fn id(name: &str) -> UserId {
    name.parse().expect("a user")
}

pub(crate) fn path(name: &str) -> KeyPath {
    let (namespace, id) = match name.split_once('~') {
        Some((namespace, id)) => (Some(namespace.parse().expect("a namespace")), id),
        None => (None, name),
    };
    let id = id.parse().expect("a key");
    KeyPath { namespace, id }
}

pub(crate) fn ed25519(names: &[&str], user_ids: &[&str]) -> DesiredKey {
    DesiredKey {
        key_type: KeyType::Curve25519,
        length: None,
        mechanisms: [KeyMechanism::EdDsaSignature].into(),
        tags: tags(names),
        user_ids: user_ids.iter().map(|id| (*id).to_owned()).collect(),
        expires: None,
    }
}

pub(crate) fn device(url: &str, trusted: Option<&str>) -> DesiredDevice {
    DesiredDevice {
        url: url.to_owned(),
        trusted: trusted.map(str::to_owned).into_iter().collect(),
        certificate: None,
        network: None,
    }
}

pub(crate) const USER_ID: &str = "Example Packaging <packages@example.org>";

/// All that an HSM can have.
pub(crate) fn everything() -> Desired {
    let mut desired = Desired {
        boot: Some(Switch::On),
        logging: Some(Logging {
            ip_address: "192.0.2.1".parse().expect("an address"),
            port: 514,
            log_level: LogLevel::Warning,
        }),
        clock_seconds: Some(60),
        backups: true,
        ..Desired::default()
    };
    desired
        .namespaces
        .insert("ns".parse().expect("a namespace"));
    for (name, role, names) in [
        ("second", UserRole::Administrator, &[][..]),
        ("builder", UserRole::Operator, &["packages"]),
        ("keeper", UserRole::Backup, &[]),
        ("watch", UserRole::Metrics, &[]),
        ("ns~admin", UserRole::Administrator, &[]),
        ("ns~builder", UserRole::Operator, &["iso"]),
    ] {
        desired.users.insert(id(name), user(role, names));
    }
    let packages = ed25519(&["packages"], &[USER_ID]);
    desired.keys.insert(path("packages"), packages);
    desired.keys.insert(path("ns~iso"), ed25519(&["iso"], &[]));
    desired
}

/// Little enough that many runs are quick: one operator, one key with a certificate, one keeper.
pub(crate) fn little() -> Desired {
    let mut desired = everything();
    desired.namespaces.clear();
    desired
        .users
        .retain(|id, _| matches!(id.as_str(), "builder" | "keeper"));
    desired.keys.remove(&path("ns~iso"));
    desired.logging = None;
    desired
}
