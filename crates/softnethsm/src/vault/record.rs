//! What is kept, and at which path.

use nethsm::id::{KeyId, NamespaceId, UserId};
use nethsm::key::{KeyLabel, KeyMechanism, Restrictions};
use nethsm::octets::{Octets, SecretOctets};
use nethsm::user::UserRole;
use serde::{Deserialize, Serialize};

use crate::keys::PrivateKey;
use crate::stretch::PassphraseHash;

/// A user, as kept at `/authentication/ID`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRecord {
    pub(crate) name: String,
    pub(crate) role: UserRole,
    pub(crate) hash: PassphraseHash,
    pub(crate) tags: Vec<String>,
}

/// A key, as kept at `/key/ID` or `/key/.NAMESPACE/ID`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRecord {
    /// PKCS #8, DER.
    pub(crate) private: SecretOctets,
    pub(crate) mechanisms: Vec<KeyMechanism>,
    pub(crate) certificate: Option<Octets>,
    pub(crate) operations: u64,
    pub(crate) restrictions: Restrictions,
    pub(crate) label: KeyLabel,
}

/// A key that is ready to sign.
pub(crate) struct LoadedKey {
    pub(crate) private: PrivateKey,
    pub(crate) mechanisms: Vec<KeyMechanism>,
    pub(crate) restrictions: Restrictions,
}

/// Where a key is: its namespace, if any, and its name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct KeyPlace {
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) id: KeyId,
}

impl KeyPlace {
    pub(super) fn path(&self) -> String {
        format!("{}{}", key_prefix(self.namespace.as_ref()), self.id)
    }
}

/// No name starts with a dot, so namespaces and keys cannot be confused.
pub(super) fn key_prefix(namespace: Option<&NamespaceId>) -> String {
    namespace.map_or_else(
        || "/key/".to_owned(),
        |namespace| format!("/key/.{namespace}/"),
    )
}

pub(super) fn user_path(id: &UserId) -> String {
    format!("/authentication/{id}")
}

pub(super) fn namespace_path(id: &NamespaceId) -> String {
    format!("/namespace/{id}")
}
