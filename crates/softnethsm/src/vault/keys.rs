//! The keys in the vault, as they are kept and ready to sign.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use nethsm::id::{KeyId, NamespaceId};

use super::record::key_prefix;
use super::sealed::{names_in, read};
use super::{KeyPlace, KeyRecord, LoadedKey, Vault};
use crate::error::StoreError;
use crate::keys::PrivateKey;

impl Vault {
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
        if let Some(key) = self.ready(place) {
            return Ok(Some(key));
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

    /// The key, if it is ready in memory.
    pub(crate) fn ready(&self, place: &KeyPlace) -> Option<Arc<LoadedKey>> {
        self.loaded_keys().get(place).map(Arc::clone)
    }

    /// Notes one use of a key. When this returns, it is not lost with the process.
    pub(crate) fn used(&self, place: &KeyPlace) -> Result<(), StoreError> {
        self.uses.note(&place.path())
    }

    /// Whether uses wait to be counted.
    pub(crate) fn has_uncounted(&self) -> bool {
        self.uses.is_waiting(None)
    }

    pub(super) fn loaded_keys(&self) -> MutexGuard<'_, HashMap<KeyPlace, Arc<LoadedKey>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
