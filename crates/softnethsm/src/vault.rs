//! The open vault: users, keys and namespaces of an operational device.

mod keys;
mod record;
mod sealed;
mod secrets;
mod writing;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nethsm::id::{NamespaceId, UserId};

use crate::error::StoreError;
use crate::seal::SealKey;
use crate::store::{Change, Store};
use crate::uses::Uses;

pub(crate) use self::record::{KeptPrivate, KeyPlace, KeyRecord, LoadedKey, UserRecord};
use self::record::{NamespaceRecord, namespace_path, user_path};
use self::sealed::{names_in, read, sealed};
pub(crate) use self::writing::Writing;

/// Where the number of the first file with uncounted uses is kept.
pub(crate) const COUNTED: &str = "/uses/.counted";
/// Where the version of the store of namespaces is.
const NAMESPACES: &str = "/namespace/.version";
/// The version of each store, which devices look at.
const STORE_VERSION: &[u8] = b"0";

/// The open vault. Dropping it erases the keys and locks the device.
///
/// Whoever reads, decides and writes holds [`Vault::writing`] for that time.
pub(crate) struct Vault {
    store: Arc<Store>,
    domain_key: SealKey,
    user_key: SealKey,
    key_key: SealKey,
    namespace_key: SealKey,
    config_key: SealKey,
    use_key: SealKey,
    loaded: Mutex<HashMap<KeyPlace, Arc<LoadedKey>>>,
    uses: Uses,
    writing: Mutex<Turn>,
}

/// Whose turn it is to change the vault; nobody's after it was closed.
#[derive(Default)]
struct Turn {
    is_closed: bool,
}

impl Vault {
    /// Opens the vault of a store; `uses` is the folder where uses of keys are noted.
    pub(crate) fn open(
        store: Arc<Store>,
        domain_key: SealKey,
        uses: &Path,
    ) -> Result<Self, StoreError> {
        let use_key = domain_key.derive("use_store");
        let first: Option<u64> = read(&store, &use_key, COUNTED)?;
        Ok(Self {
            user_key: domain_key.derive("auth_store"),
            key_key: domain_key.derive("key_store"),
            namespace_key: domain_key.derive("namespace_store"),
            config_key: domain_key.derive("config_store"),
            uses: Uses::open(
                uses,
                domain_key.derive("use_log"),
                first.unwrap_or_default(),
            )?,
            use_key,
            domain_key,
            store,
            loaded: Mutex::default(),
            writing: Mutex::default(),
        })
    }

    pub(crate) fn domain_key(&self) -> &SealKey {
        &self.domain_key
    }

    /// The changes that make an empty vault out of nothing, as devices expect it.
    pub(crate) fn first_changes(&self) -> Result<Vec<Change>, StoreError> {
        let stores = [
            (&self.user_key, "/authentication/.version"),
            (&self.key_key, "/key/.version"),
            (&self.namespace_key, NAMESPACES),
        ];
        let mut changes = vec![
            Change::Put("/.initialized".to_owned(), Vec::new()),
            Change::Put("/config/version".to_owned(), b"1".to_vec()),
        ];
        for (key, path) in stores {
            changes.push(Change::Put(path.to_owned(), key.seal(path, STORE_VERSION)?));
        }
        Ok(changes)
    }

    /// Adds the store of namespaces, which a backup of firmware 1.x has not.
    pub(crate) fn add_namespaces(&self) -> Result<(), StoreError> {
        // Nothing at all is there before the first changes.
        let is_old = self.store.get("/authentication/.version")?.is_some()
            && self.store.get(NAMESPACES)?.is_none();
        if !is_old {
            return Ok(());
        }
        let version = self.namespace_key.seal(NAMESPACES, STORE_VERSION)?;
        self.store
            .commit(&[Change::Put(NAMESPACES.to_owned(), version)])
    }

    /// Whether users of a store, of which this is the version, are sealed for this vault.
    pub(crate) fn is_own(&self, sealed_version: &[u8]) -> bool {
        self.user_key
            .open("/authentication/.version", sealed_version)
            .is_ok()
    }

    /// Waits for the right to change something. Fails after the vault was closed.
    pub(crate) fn writing(&self) -> Result<Writing<'_>, StoreError> {
        let turn = self.turn();
        if turn.is_closed {
            return Err(StoreError::Closed);
        }
        Ok(Writing {
            vault: self,
            _turn: turn,
        })
    }

    /// Lets the last writer finish, counts all uses, and lets nobody change anything afterwards:
    /// another vault may be opened over the same store then.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.uses.close();
        let writing = Writing {
            vault: self,
            _turn: self.turn(),
        };
        let counted = writing.count();
        drop(writing);
        self.turn().is_closed = true;
        counted
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn user(&self, id: &UserId) -> Result<Option<UserRecord>, StoreError> {
        read(&self.store, &self.user_key, &user_path(id))
    }

    /// All users, or those of a namespace, sorted by octets.
    pub(crate) fn users(&self, namespace: Option<&NamespaceId>) -> Result<Vec<UserId>, StoreError> {
        let prefix = namespace.map_or_else(
            || "/authentication/".to_owned(),
            |namespace| format!("/authentication/{namespace}~"),
        );
        names_in(self.store.paths(&prefix)?, "/authentication/")
    }

    /// The change that keeps a user.
    pub(crate) fn user_change(&self, id: &UserId, user: &UserRecord) -> Result<Change, StoreError> {
        sealed(&self.user_key, user_path(id), user)
    }

    pub(crate) fn has_namespace(&self, id: &NamespaceId) -> Result<bool, StoreError> {
        // Opened, not only looked up: a value moved here from elsewhere is no namespace.
        let record: Option<NamespaceRecord> =
            read(&self.store, &self.namespace_key, &namespace_path(id))?;
        Ok(record.is_some())
    }

    pub(crate) fn namespaces(&self) -> Result<Vec<NamespaceId>, StoreError> {
        names_in(self.store.paths("/namespace/")?, "/namespace/")
    }
}

#[cfg(test)]
mod tests {
    use nethsm::key::{KeyLabel, KeyMechanism, KeyType, Restrictions};
    use nethsm::octets::SecretOctets;

    use super::*;
    use crate::keys::PrivateKey;

    fn place(id: &str) -> KeyPlace {
        KeyPlace {
            namespace: None,
            id: id.parse().expect("a name"),
        }
    }

    fn record() -> KeyRecord {
        let key = PrivateKey::generate(KeyType::Curve25519, None).expect("made");
        KeyRecord {
            private: KeptPrivate::Pkcs8(SecretOctets::new(
                key.to_pkcs8().expect("octets").to_vec(),
            )),
            mechanisms: vec![KeyMechanism::EdDsaSignature],
            certificate: None,
            operations: 0,
            restrictions: Restrictions::default(),
            label: KeyLabel::default(),
        }
    }

    fn vault(folder: &Path) -> Vault {
        let store = Store::open(&folder.join("store.redb"), true).expect("a store");
        Vault::open(Arc::new(store), SealKey::new([1; 32]), &folder.join("uses")).expect("a vault")
    }

    #[test]
    fn values_that_change_places_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = vault(folder.path());
        let writing = vault.writing().expect("my turn");
        for id in ["a", "b"] {
            writing.put_key(&place(id), &record()).expect("kept");
        }
        let [a, b] = ["a", "b"].map(|id| place(id).path());
        let [at_a, at_b] =
            [&a, &b].map(|path| vault.store.get(path).expect("read").expect("a value"));
        let user = "/authentication/admin".to_owned();
        let swap = [
            Change::Put(a, at_b.clone()),
            Change::Put(b, at_a),
            Change::Put(user, at_b),
        ];
        vault.store.commit(&swap).expect("swapped");
        drop(writing);

        for id in ["a", "b"] {
            assert!(matches!(
                vault.key(&place(id)),
                Err(StoreError::Value { .. })
            ));
            assert!(matches!(
                vault.loaded(&place(id)),
                Err(StoreError::Value { .. })
            ));
        }
        let admin = "admin".parse().expect("a name");
        assert!(matches!(vault.user(&admin), Err(StoreError::Value { .. })));
    }

    #[test]
    fn a_closed_vault_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = vault(folder.path());
        vault
            .writing()
            .expect("my turn")
            .put_key(&place("a"), &record())
            .expect("kept");
        vault.used(&place("a")).expect("noted");
        vault.close().expect("closed");
        assert!(matches!(vault.writing(), Err(StoreError::Closed)));
        assert!(matches!(vault.used(&place("a")), Err(StoreError::Closed)));
        let key = vault.key(&place("a")).expect("read").expect("a key");
        assert_eq!(key.operations, 1, "counted at the end");
    }
}
