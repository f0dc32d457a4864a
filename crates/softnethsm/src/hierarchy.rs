//! The hierarchy of keys: device key, unlock key, domain key.
//!
//! The domain key opens everything. It is kept sealed twice, under the unlock key (made of the unlock
//! passphrase) and then under the device key: a copy of the store alone opens nothing, and neither
//! does the device without the passphrase. With unattended boot on, a second slot holds the domain
//! key under the device key alone.

use aws_lc_rs::digest::{SHA256, digest};
use nethsm::backup::{LockedDomainKey, Salt, StoreKey};
use zeroize::Zeroizing;

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
        self.keep("version", b"1")
    }

    /// Whether the store belongs to this device key. A damaged mark is an error.
    pub(crate) fn is_marked(&self, store: &Store) -> Result<bool, StoreError> {
        self.setting(store, "version").map(|mark| mark.is_some())
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
        self.adopt(&inner, &salt)
    }

    /// The changes that keep a domain key which is locked already, as backups hold it.
    pub(crate) fn adopt(&self, locked: &[u8], salt: &Salt) -> Result<[Change; 2], SealError> {
        let outer = self.device_key.seal(&self.place("attended"), locked)?;
        Ok([
            Change::Put(self.slot("attended"), outer),
            self.keep("unlock-salt", salt)?,
        ])
    }

    /// The domain key, locked with the unlock passphrase, as backups hold it.
    pub(crate) fn locked_domain_key(&self, store: &Store) -> Result<LockedDomainKey, StoreError> {
        let slot = self.slot("attended");
        let outer = store.get(&slot)?.unwrap_or_default();
        let inner = self.device_key.open(&self.place("attended"), &outer).ok();
        let locked = inner.and_then(|inner| LockedDomainKey::from_bytes(&inner).ok());
        locked.ok_or(StoreError::Value { path: slot })
    }

    /// The key of the device's own settings, as backups hold it.
    pub(crate) fn settings_key(&self) -> Result<StoreKey, SealError> {
        StoreKey::from_bytes(self.config_key.expose()).map_err(|_| SealError::Broken)
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
            .setting(store, "unlock-salt")?
            .and_then(|salt| <[u8; 16]>::try_from(salt.as_slice()).ok())
            .ok_or_else(|| damaged(self.config("unlock-salt")))?;
        let unlock_key = stretch::unlock_key(passphrase, &salt).map_err(StoreError::from)?;
        let domain_key = unlock_key
            .open("passphrase", &inner)
            .map_err(|_| UnlockError::Passphrase)?;
        SealKey::from_slice(&domain_key).map_err(|_| damaged(slot).into())
    }

    /// The changes that switch unattended boot on or, without a key, off.
    pub(crate) fn unattend(&self, domain_key: Option<&SealKey>) -> Result<[Change; 2], SealError> {
        let slot = self.slot("unattended");
        Ok(match domain_key {
            Some(key) => [
                Change::Put(
                    slot,
                    self.device_key
                        .seal(&self.place("unattended"), key.expose())?,
                ),
                self.keep("unattended-boot", b"1")?,
            ],
            None => [
                Change::Delete(slot),
                Change::Delete(self.config("unattended-boot")),
            ],
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

    /// The change that keeps a setting of this device.
    pub(crate) fn keep(&self, name: &str, value: &[u8]) -> Result<Change, SealError> {
        let path = self.config(name);
        let sealed = self.config_key.seal(&path, value)?;
        Ok(Change::Put(path, sealed))
    }

    /// A setting of this device, which can be read in any state.
    pub(crate) fn setting(
        &self,
        store: &Store,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let path = self.config(name);
        let Some(sealed) = store.get(&path)? else {
            return Ok(None);
        };
        match self.config_key.open(&path, &sealed) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(StoreError::Value { path }),
        }
    }

    /// Where a setting of this device is kept.
    pub(crate) fn config(&self, name: &str) -> String {
        format!("/local/{}/config/{name}", self.device_id)
    }

    /// Where the domain key is kept: `attended` or `unattended`.
    pub(crate) fn slot(&self, name: &str) -> String {
        format!("/local/{}/domain-key/{name}", self.device_id)
    }

    /// The associated data of a slot; on the device, too, it lacks a slash.
    fn place(&self, name: &str) -> String {
        format!("local/{}/domain-key{name}", self.device_id)
    }
}
