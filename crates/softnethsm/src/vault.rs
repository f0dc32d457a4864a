//! The open vault: users, keys and namespaces of an operational device.

mod record;
mod writing;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nethsm::backup::Salt;
use nethsm::id::{KeyId, NamespaceId, UserId};
use nethsm::octets::SecretOctets;

use crate::error::StoreError;
use crate::keys::PrivateKey;
use crate::seal::SealKey;
use crate::store::{Change, Store};
use crate::uses::Uses;

pub(crate) use self::record::{KeptPrivate, KeyPlace, KeyRecord, LoadedKey, UserRecord};
use self::record::{NamespaceRecord, Record, key_prefix, namespace_path, user_path};
pub(crate) use self::writing::Writing;

/// Where the number of the first file with uncounted uses is kept.
pub(crate) const COUNTED: &str = "/uses/.counted";
/// What opens backups, as derived from the backup passphrase.
const BACKUP_KEY: &str = "/config/backup-key";
const BACKUP_SALT: &str = "/config/backup-salt";
const CLUSTER_CA: &str = "/config/cluster-ca";
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

    /// The key that opens backups and the salt of its passphrase, if there is a passphrase.
    pub(crate) fn backup_key(&self) -> Result<Option<(SealKey, Salt)>, StoreError> {
        let octets = |path: &str| read::<SecretOctets>(&self.store, &self.config_key, path);
        let (Some(key), Some(salt)) = (octets(BACKUP_KEY)?, octets(BACKUP_SALT)?) else {
            return Ok(None);
        };
        let damaged = |path: &str| StoreError::Value {
            path: path.to_owned(),
        };
        let key = SealKey::from_slice(key.expose()).map_err(|_| damaged(BACKUP_KEY))?;
        let salt = salt.expose().try_into();
        Ok(Some((key, salt.map_err(|_| damaged(BACKUP_SALT))?)))
    }

    /// The changes that keep what opens backups.
    pub(crate) fn backup_changes(
        &self,
        key: &SealKey,
        salt: &Salt,
    ) -> Result<[Change; 2], StoreError> {
        let kept = |path: &str, octets: &[u8]| {
            let octets = SecretOctets::new(octets.to_vec());
            sealed(&self.config_key, path.to_owned(), &octets)
        };
        Ok([kept(BACKUP_KEY, key.expose())?, kept(BACKUP_SALT, salt)?])
    }

    /// The certificate of the authority of a cluster, PEM.
    pub(crate) fn cluster_ca(&self) -> Result<Option<String>, StoreError> {
        let pem: Option<SecretOctets> = read(&self.store, &self.config_key, CLUSTER_CA)?;
        Ok(pem.map(|pem| String::from_utf8_lossy(pem.expose()).into_owned()))
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

    pub(crate) fn has_key(&self, place: &KeyPlace) -> Result<bool, StoreError> {
        self.store.get(&place.path()).map(|value| value.is_some())
    }

    /// The names of the keys of a namespace, sorted by octets.
    pub(crate) fn key_ids(
        &self,
        namespace: Option<&NamespaceId>,
    ) -> Result<Vec<KeyId>, StoreError> {
        let prefix = key_prefix(namespace);
        names_in(self.store.paths(&prefix)?, &prefix)
    }

    /// The whole record of a key, with every signature counted that was made until now.
    pub(crate) fn key(&self, place: &KeyPlace) -> Result<Option<KeyRecord>, StoreError> {
        let path = place.path();
        if self.uses.is_waiting(Some(&path)) {
            self.writing()?.count()?;
        }
        read(&self.store, &self.key_key, &path)
    }

    /// The key, ready to sign; kept in memory until it changes or the device is locked.
    pub(crate) fn loaded(&self, place: &KeyPlace) -> Result<Option<Arc<LoadedKey>>, StoreError> {
        if let Some(key) = self.loaded_keys().get(place) {
            return Ok(Some(Arc::clone(key)));
        }
        // Under the turn, so that no change is made between reading and keeping.
        let _writing = self.writing()?;
        let path = place.path();
        let Some(record) = read::<KeyRecord>(&self.store, &self.key_key, &path)? else {
            return Ok(None);
        };
        let private =
            PrivateKey::from_kept(&record.private).map_err(|_| StoreError::Value { path })?;
        let key = Arc::new(LoadedKey {
            private,
            mechanisms: record.mechanisms,
            restrictions: record.restrictions,
        });
        self.loaded_keys().insert(place.clone(), Arc::clone(&key));
        Ok(Some(key))
    }

    /// Notes one use of a key. When this returns, it is not lost with the process.
    pub(crate) fn used(&self, place: &KeyPlace) -> Result<(), StoreError> {
        self.uses.note(&place.path())
    }

    /// Whether uses wait to be counted.
    pub(crate) fn has_uncounted(&self) -> bool {
        self.uses.is_waiting(None)
    }

    fn loaded_keys(&self) -> MutexGuard<'_, HashMap<KeyPlace, Arc<LoadedKey>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: Record>(store: &Store, key: &SealKey, path: &str) -> Result<Option<T>, StoreError> {
    let Some(sealed) = store.get(path)? else {
        return Ok(None);
    };
    let damaged = || StoreError::Value {
        path: path.to_owned(),
    };
    let plain = key.open(path, &sealed).map_err(|_| damaged())?;
    T::from_bytes(&plain).map(Some).ok_or_else(damaged)
}

fn sealed(key: &SealKey, path: String, value: &impl Record) -> Result<Change, StoreError> {
    let value = key.seal(&path, &value.to_bytes())?;
    Ok(Change::Put(path, value))
}

/// The names behind a prefix. Those that start with a dot are of other things.
fn names_in<T: std::str::FromStr>(paths: Vec<String>, prefix: &str) -> Result<Vec<T>, StoreError> {
    let dotted = format!("{prefix}.");
    paths
        .into_iter()
        .filter(|path| !path.starts_with(&dotted))
        .map(|path| {
            let name = path.strip_prefix(prefix).and_then(|name| name.parse().ok());
            name.ok_or(StoreError::Value { path })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use nethsm::key::{KeyLabel, KeyMechanism, KeyType, Restrictions};

    use super::*;

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
