//! The hierarchy of keys: device key, unlock key, domain key.
//!
//! The domain key opens everything. It is kept sealed twice, under the unlock key (made of the unlock
//! passphrase) and then under the device key: a copy of the store alone opens nothing, and neither
//! does the device without the passphrase. With unattended boot on, a second slot holds the domain
//! key under the device key alone.

use aws_lc_rs::digest::{SHA256, digest};

use crate::error::{SealError, StoreError};
use crate::random;
use crate::seal::SealKey;
use crate::store::{Change, Store};
use crate::stretch;

/// Why the domain key was not handed out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnlockError {
    /// The passphrase is not the one (or the inner seal is damaged, which looks the same).
    #[error("the unlock passphrase is wrong")]
    Passphrase,
    /// The store or the outer seal is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the device key opens before anybody has unlocked the device.
pub(crate) struct Hierarchy {
    device_key: SealKey,
    config_key: SealKey,
    device_id: String,
}

impl Hierarchy {
    pub(crate) fn new(device_key: SealKey) -> Self {
        let id = digest(
            &SHA256,
            &[device_key.expose(), b"device_id".as_slice()].concat(),
        );
        Self {
            config_key: device_key.derive("early_config_store"),
            device_id: hex::encode(id.as_ref().iter().take(5).copied().collect::<Vec<_>>()),
            device_key,
        }
    }

    /// Ten hexadecimal digits that do not change as long as the device key does not.
    pub(crate) fn device_id(&self) -> &str {
        &self.device_id
    }

    /// The mark by which a store is known to belong to this device key.
    pub(crate) fn mark(&self) -> Result<Change, SealError> {
        let path = self.config("version");
        let sealed = self.config_key.seal(&path, b"1")?;
        Ok(Change::Put(path, sealed))
    }

    /// Whether the store belongs to this device key. A damaged mark is an error.
    pub(crate) fn is_marked(&self, store: &Store) -> Result<bool, StoreError> {
        self.read_config(store, "version")
            .map(|mark| mark.is_some())
    }

    /// Whether the device was provisioned.
    pub(crate) fn is_provisioned(&self, store: &Store) -> Result<bool, StoreError> {
        store.get(&self.slot("attended")).map(|slot| slot.is_some())
    }

    /// The changes that keep `domain_key` under a new unlock passphrase with a new salt.
    pub(crate) fn attend(
        &self,
        domain_key: &SealKey,
        passphrase: &str,
    ) -> Result<[Change; 2], SealError> {
        let mut salt = [0; 16];
        random::fill(&mut salt)?;
        let inner =
            stretch::unlock_key(passphrase, &salt)?.seal("passphrase", domain_key.expose())?;
        let outer = self.device_key.seal(&self.place("attended"), &inner)?;
        let salt_path = self.config("unlock-salt");
        let salt = self.config_key.seal(&salt_path, &salt)?;
        Ok([
            Change::Put(self.slot("attended"), outer),
            Change::Put(salt_path, salt),
        ])
    }

    /// The domain key, for the right unlock passphrase.
    pub(crate) fn unlock(&self, store: &Store, passphrase: &str) -> Result<SealKey, UnlockError> {
        let damaged = |path| StoreError::Value { path };
        let slot = self.slot("attended");
        let outer = store.get(&slot)?.ok_or_else(|| damaged(slot.clone()))?;
        let inner = self
            .device_key
            .open(&self.place("attended"), &outer)
            .map_err(|_| damaged(slot.clone()))?;
        let salt = self
            .read_config(store, "unlock-salt")?
            .and_then(|salt| <[u8; 16]>::try_from(salt.as_slice()).ok())
            .ok_or_else(|| damaged(self.config("unlock-salt")))?;
        let unlock_key = stretch::unlock_key(passphrase, &salt).map_err(StoreError::from)?;
        let domain_key = unlock_key
            .open("passphrase", &inner)
            .map_err(|_| UnlockError::Passphrase)?;
        SealKey::from_slice(&domain_key).map_err(|_| damaged(slot).into())
    }

    /// The change that switches unattended boot on or, without a key, off.
    pub(crate) fn unattend(&self, domain_key: Option<&SealKey>) -> Result<Change, SealError> {
        let slot = self.slot("unattended");
        Ok(match domain_key {
            Some(key) => Change::Put(
                slot,
                self.device_key
                    .seal(&self.place("unattended"), key.expose())?,
            ),
            None => Change::Delete(slot),
        })
    }

    /// Whether unattended boot is on.
    pub(crate) fn is_unattended(&self, store: &Store) -> Result<bool, StoreError> {
        store
            .get(&self.slot("unattended"))
            .map(|slot| slot.is_some())
    }

    /// The domain key, if unattended boot is on and the slot opens.
    pub(crate) fn unattended(&self, store: &Store) -> Result<Option<SealKey>, StoreError> {
        let Some(sealed) = store.get(&self.slot("unattended"))? else {
            return Ok(None);
        };
        let opened = self.device_key.open(&self.place("unattended"), &sealed);
        Ok(opened.ok().and_then(|key| SealKey::from_slice(&key).ok()))
    }

    fn read_config(
        &self,
        store: &Store,
        name: &str,
    ) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, StoreError> {
        let path = self.config(name);
        let Some(sealed) = store.get(&path)? else {
            return Ok(None);
        };
        match self.config_key.open(&path, &sealed) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(StoreError::Value { path }),
        }
    }

    fn config(&self, name: &str) -> String {
        format!("/local/{}/config/{name}", self.device_id)
    }

    fn slot(&self, name: &str) -> String {
        format!("/local/{}/domain-key/{name}", self.device_id)
    }

    /// The associated data of a slot; on the device, too, it lacks a slash.
    fn place(&self, name: &str) -> String {
        format!("local/{}/domain-key{name}", self.device_id)
    }
}
