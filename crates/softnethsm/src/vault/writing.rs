//! The right to change the vault, and every change that can be made.

use std::sync::MutexGuard;

use nethsm::backup::Salt;
use nethsm::id::{NamespaceId, UserId};
use nethsm::octets::SecretOctets;

use super::record::{NamespaceRecord, key_prefix, namespace_path, user_path};
use super::sealed::{read, sealed};
use super::secrets::CLUSTER_CA;
use super::{COUNTED, KeyPlace, KeyRecord, Turn, UserRecord, Vault};
use crate::error::StoreError;
use crate::seal::SealKey;
use crate::store::Change;
use crate::uses::Sums;

/// The right to change the vault, held by one request at a time.
pub(crate) struct Writing<'a> {
    pub(super) vault: &'a Vault,
    pub(super) _turn: MutexGuard<'a, Turn>,
}

/// Each of these returns when the change is on disk.
impl Writing<'_> {
    pub(crate) fn put_user(&self, id: &UserId, user: &UserRecord) -> Result<(), StoreError> {
        self.commit(&[self.vault.user_change(id, user)?])
    }

    pub(crate) fn delete_user(&self, id: &UserId) -> Result<(), StoreError> {
        self.commit(&[Change::Delete(user_path(id))])
    }

    pub(crate) fn put_namespace(&self, id: &NamespaceId) -> Result<(), StoreError> {
        self.commit(&[sealed(
            &self.vault.namespace_key,
            namespace_path(id),
            &NamespaceRecord(id.to_string()),
        )?])
    }

    /// Deletes a namespace with all its keys, at once.
    pub(crate) fn delete_namespace(&self, id: &NamespaceId) -> Result<(), StoreError> {
        self.count()?;
        let mut changes = vec![Change::Delete(namespace_path(id))];
        let keys = self.vault.store.paths(&key_prefix(Some(id)))?;
        changes.extend(keys.into_iter().map(Change::Delete));
        self.commit(&changes)?;
        self.vault
            .loaded_keys()
            .retain(|place, _| place.namespace.as_ref() != Some(id));
        Ok(())
    }

    pub(crate) fn put_key(&self, place: &KeyPlace, key: &KeyRecord) -> Result<(), StoreError> {
        self.commit(&[sealed(&self.vault.key_key, place.path(), key)?])?;
        self.vault.loaded_keys().remove(place);
        Ok(())
    }

    /// Gives a key another name, with all its uses; nothing if there is no such key.
    pub(crate) fn move_key(
        &self,
        from: &KeyPlace,
        to: &KeyPlace,
    ) -> Result<Option<()>, StoreError> {
        self.count()?;
        let Some(key) = self.key(from)? else {
            return Ok(None);
        };
        self.commit(&[
            sealed(&self.vault.key_key, to.path(), &key)?,
            Change::Delete(from.path()),
        ])?;
        self.vault.loaded_keys().remove(from);
        Ok(Some(()))
    }

    pub(crate) fn delete_key(&self, place: &KeyPlace) -> Result<(), StoreError> {
        // So that no use of this key is counted for another of the same name.
        self.count()?;
        self.commit(&[Change::Delete(place.path())])?;
        self.vault.loaded_keys().remove(place);
        Ok(())
    }

    /// The record of a key, to be changed and put back.
    pub(crate) fn key(&self, place: &KeyPlace) -> Result<Option<KeyRecord>, StoreError> {
        read(&self.vault.store, &self.vault.key_key, &place.path())
    }

    /// Keeps the key that opens backups, and the salt that belongs to its passphrase.
    pub(crate) fn put_backup_key(&self, key: &SealKey, salt: &Salt) -> Result<(), StoreError> {
        self.commit(&self.vault.backup_changes(key, salt)?)
    }

    /// Keeps the certificate of the authority of a cluster, PEM.
    pub(crate) fn put_cluster_ca(&self, pem: &str) -> Result<(), StoreError> {
        let pem = SecretOctets::new(pem.as_bytes().to_vec());
        self.commit(&[sealed(&self.vault.config_key, CLUSTER_CA.to_owned(), &pem)?])
    }

    /// Makes changes that the caller sealed.
    pub(crate) fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.vault.store.commit(changes)
    }

    /// Counts the uses that were noted. What cannot be written stays noted.
    pub(crate) fn count(&self) -> Result<(), StoreError> {
        if !self.vault.has_uncounted() {
            return Ok(());
        }
        let (sums, number) = self.vault.uses.take();
        let written = self.write_counts(&sums, number);
        match written {
            Ok(()) => self.vault.uses.forget(number),
            Err(_) => self.vault.uses.restore(),
        }
        written
    }

    fn write_counts(&self, sums: &Sums, number: u64) -> Result<(), StoreError> {
        let mut changes = vec![sealed(&self.vault.use_key, COUNTED.to_owned(), &number)?];
        for (path, uses) in sums {
            // A key deleted after its last use has no count.
            let record: Option<KeyRecord> = read(&self.vault.store, &self.vault.key_key, path)?;
            if let Some(mut record) = record {
                record.operations = record.operations.saturating_add(*uses);
                changes.push(sealed(&self.vault.key_key, path.clone(), &record)?);
            }
        }
        self.commit(&changes)
    }
}
