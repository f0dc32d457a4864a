//! Restoring a backup: all of it into a fresh device, users and keys into one at work.

use std::io::{Read, Seek};
use std::sync::Arc;

use nethsm::backup::{self, Backup, BackupKey, DomainKey, Entry, Opened, Salt, Setting, Unlocked};
use nethsm::backup::{StoreKey, Version};
use nethsm::transfer::RestoreArguments;

use super::backup_key::{RESTORED_KEY, RESTORED_SALT};
use super::state::{State, operational};
use super::{Device, firmware_1};
use crate::error::{Error, StoreError};
use crate::seal::SealKey;
use crate::settings::{Kept, TimeOffset};
use crate::store::{Change, Edit};
use crate::stretch;
use crate::tls::Identity;
use crate::vault::{COUNTED, Vault};

/// Why a backup was not restored. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("No backupPassphrase provided")]
    NoPassphrase,
    #[error("the device was locked or restored meanwhile")]
    OtherState,
    #[error(transparent)]
    File(#[from] backup::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Device(#[from] Error),
}

/// What users, keys and namespaces have in common: they are replaced by those of the backup.
const REPLACED: [&str; 3] = ["/authentication/", "/key/", "/namespace/"];
/// What opens backups.
const BACKUP_KEYS: [(&str, &str); 2] = [
    ("/config/backup-key", RESTORED_KEY),
    ("/config/backup-salt", RESTORED_SALT),
];

/// How much of a backup is restored.
enum Extent {
    /// All, into a fresh device. The settings of the device too, if it is the same one.
    All { local: Option<Local> },
    /// What is shared, into a device at work whose vault stays open if the backup has the same
    /// domain key.
    Shared { is_same: bool },
}

/// The settings of the very device that made the backup.
#[derive(Default)]
struct Local {
    settings: Vec<Setting>,
    /// The domain key for unattended boot, sealed with the key of this device.
    slot: Option<Vec<u8>>,
}

impl Device {
    /// Restores a backup, all or nothing, also when the process dies meanwhile.
    ///
    /// The whole file is read and found in order before anything is changed.
    pub(crate) fn restore<R: Read + Seek>(
        &self,
        file: R,
        wish: &RestoreArguments,
    ) -> Result<(), RestoreError> {
        let vault = self.vault();
        let mut file = self.opened(file, wish, vault.as_deref())?;
        if vault.is_none() {
            file = firmware_1::taken(file)?;
        }
        file.verify()?;
        let salt = file.unlock_salt()?;
        let local = self.local_of(&mut file)?;

        let mut state = self.changing();
        match (&*state, vault) {
            (State::Unprovisioned, None) => {
                let identity = local.as_ref().map(identity_in).transpose()?.flatten();
                let extent = Extent::All { local };
                self.replace(&mut file, &salt, &extent, wish)?;
                *state = self.first_state()?;
                self.go_by_settings()?;
                if let Some(identity) = identity {
                    self.change_identity(identity)?;
                }
            }
            (State::Operational(own, _), Some(vault)) if Arc::ptr_eq(own, &vault) => {
                let is_same = is_same(&mut file, &vault)?;
                vault.close()?;
                let extent = Extent::Shared { is_same };
                let replaced = self.replace(&mut file, &salt, &extent, wish);
                *state = if is_same || replaced.is_err() {
                    let domain_key = SealKey::new(*vault.domain_key().expose());
                    operational(self.open_vault(domain_key)?)
                } else {
                    State::Locked
                };
                replaced?;
            }
            _ => return Err(RestoreError::OtherState),
        }
        self.logins.forget();
        Ok(())
    }

    /// Opens the outside of a backup, with the passphrase or, where that is the one in force, with
    /// what the device keeps of it.
    fn opened<R: Read + Seek>(
        &self,
        file: R,
        wish: &RestoreArguments,
        vault: Option<&Vault>,
    ) -> Result<Opened<R>, RestoreError> {
        let passphrase = wish.backup_passphrase.as_ref();
        let file = match Backup::read(file) {
            Err(backup::Error::Damaged(_)) if passphrase.is_none() => {
                return Err(RestoreError::NoPassphrase);
            }
            other => other?,
        };
        let key = match (passphrase, vault) {
            (Some(passphrase), _) => {
                stretch::unlock_key(passphrase.expose(), file.salt()).map_err(StoreError::from)?
            }
            (None, Some(vault)) => {
                let own = vault.backup_key()?;
                let own = own.filter(|(_, salt)| salt == file.salt());
                own.ok_or(RestoreError::NoPassphrase)?.0
            }
            (None, None) => return Err(RestoreError::NoPassphrase),
        };
        Ok(file.open(&BackupKey::from_bytes(key.expose())?)?)
    }

    /// The settings in a backup that this very device made.
    fn local_of<R: Read + Seek>(
        &self,
        file: &mut Opened<R>,
    ) -> Result<Option<Local>, RestoreError> {
        let own = self.hierarchy.settings_key().map_err(StoreError::from)?;
        let is_own = |key: &StoreKey| key.expose() == own.expose();
        let is_same = file.device_id() == Some(self.hierarchy.device_id())
            && file.config_key().is_some_and(is_own);
        if !is_same {
            return Ok(None);
        }
        let mut local = Local::default();
        let slot = self.hierarchy.slot("unattended");
        for item in file.items()? {
            let item = item?;
            if item.path == slot {
                local.slot = Some(item.value.to_vec());
            }
        }
        // The domain key is still locked, so only the settings of devices open.
        let no_keys = Unlocked::new(DomainKey::from_bytes(&[0; 32])?);
        for entry in file.entries(&no_keys)? {
            if let Ok(Entry::Setting(entry)) = entry
                && entry.device.is_some()
            {
                local.settings.push(entry.setting);
            }
        }
        Ok(Some(local))
    }

    fn replace<R: Read + Seek>(
        &self,
        file: &mut Opened<R>,
        salt: &Salt,
        extent: &Extent,
        wish: &RestoreArguments,
    ) -> Result<(), RestoreError> {
        let locked = *file.domain_key().as_bytes();
        let version = file.version();
        self.store.edit(|edit| {
            for prefix in REPLACED {
                edit.delete_all(prefix)?;
            }
            let keeps_config = matches!(extent, Extent::Shared { is_same: true });
            if !keeps_config {
                edit.delete_all("/config/")?;
                edit.make(&Change::Delete(COUNTED.to_owned()))?;
            }
            for item in file.items()? {
                let item = item?;
                self.take_item(edit, version, extent, &item)?;
            }
            edit.put("/.initialized", b"")?;
            edit.put("/config/version", b"1")?;
            let sealing = |error| RestoreError::Store(StoreError::Seal(error));
            for change in self.hierarchy.adopt(&locked, salt).map_err(sealing)? {
                edit.make(&change)?;
            }
            match extent {
                Extent::Shared { is_same: true } => {}
                Extent::Shared { is_same: false } | Extent::All { local: None } => {
                    for change in self.hierarchy.unattend(None).map_err(sealing)? {
                        edit.make(&change)?;
                    }
                }
                Extent::All { local: Some(local) } => self.take_local(edit, local)?,
            }
            if let (Extent::All { .. }, Some(time)) = (extent, wish.system_time) {
                edit.make(&TimeOffset::of(time.0).change(&self.hierarchy)?)?;
            }
            Ok(())
        })
    }

    fn take_item(
        &self,
        edit: &mut Edit<'_, '_>,
        version: Version,
        extent: &Extent,
        item: &backup::Item,
    ) -> Result<(), RestoreError> {
        let path = item.path.as_str();
        if REPLACED.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(edit.put(path, &item.value)?);
        }
        let opens_backups = BACKUP_KEYS.iter().find(|(shared, _)| *shared == path);
        match (version, extent, opens_backups) {
            // In the clear, and the key to seal them with is locked.
            (Version::V0, _, Some((_, left_at))) => {
                let kept = self.hierarchy.keep(left_at, &item.value);
                Ok(edit.make(&kept.map_err(StoreError::from)?)?)
            }
            (Version::V1, Extent::All { .. }, _) if path.starts_with("/config/") => {
                Ok(edit.put(path, &item.value)?)
            }
            (Version::V1, Extent::Shared { .. }, Some(_)) => Ok(edit.put(path, &item.value)?),
            _ => Ok(()),
        }
    }

    fn take_local(&self, edit: &mut Edit<'_, '_>, local: &Local) -> Result<(), RestoreError> {
        for setting in &local.settings {
            let change = match setting {
                Setting::Network(network) => network.change(&self.hierarchy)?,
                Setting::Logging(logging) => logging.change(&self.hierarchy)?,
                Setting::TimeOffset(offset) => TimeOffset(*offset).change(&self.hierarchy)?,
                Setting::UnattendedBoot(true) => self
                    .hierarchy
                    .keep("unattended-boot", b"1")
                    .map_err(StoreError::from)?,
                _ => continue,
            };
            edit.make(&change)?;
        }
        if let Some(sealed) = &local.slot {
            edit.put(&self.hierarchy.slot("unattended"), sealed)?;
        }
        Ok(())
    }
}

/// The certificate and the key for TLS, if the backup has both.
fn identity_in(local: &Local) -> Result<Option<Identity>, Error> {
    let settings = || local.settings.iter();
    let chain = settings().find_map(|setting| match setting {
        Setting::Certificates(chain) => Some(chain.clone()),
        _ => None,
    });
    let key = settings().find_map(|setting| match setting {
        Setting::TlsKey(key) => Some(key.expose()),
        _ => None,
    });
    match (chain, key) {
        (Some(chain), Some(key)) => Identity::of_parts(chain, key).map(Some),
        _ => Ok(None),
    }
}

/// Whether the values of a backup are sealed by way of the domain key of this vault.
fn is_same<R: Read + Seek>(file: &mut Opened<R>, vault: &Vault) -> Result<bool, RestoreError> {
    for item in file.items()? {
        let item = item?;
        if item.path == "/authentication/.version" {
            return Ok(vault.is_own(&item.value));
        }
    }
    Ok(false)
}
