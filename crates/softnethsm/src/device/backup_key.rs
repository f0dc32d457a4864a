//! What opens the backups of a device, after a restore that could not read the vault.

use nethsm::backup::Salt;

use super::Device;
use crate::error::StoreError;
use crate::seal::SealKey;
use crate::store::Change;
use crate::vault::Vault;

/// Where a restore leaves what opens backups until the domain key is there.
pub(super) const RESTORED_KEY: &str = "restored-backup-key";
pub(super) const RESTORED_SALT: &str = "restored-backup-salt";

impl Device {
    /// Seals what opens backups for the vault, if a restore had to leave it outside because the
    /// domain key was locked.
    pub(super) fn take_up_backup_key(&self, vault: &Vault) -> Result<(), StoreError> {
        let setting = |name| self.hierarchy.setting(&self.store, name);
        let (Some(key), Some(salt)) = (setting(RESTORED_KEY)?, setting(RESTORED_SALT)?) else {
            return Ok(());
        };
        let damaged = |name| StoreError::Value {
            path: self.hierarchy.config(name),
        };
        let key = SealKey::from_slice(&key).map_err(|_| damaged(RESTORED_KEY))?;
        let salt: Salt = salt
            .as_slice()
            .try_into()
            .map_err(|_| damaged(RESTORED_SALT))?;
        let [key, salt] = vault.backup_changes(&key, &salt)?;
        let gone = |name| Change::Delete(self.hierarchy.config(name));
        self.store
            .commit(&[key, salt, gone(RESTORED_KEY), gone(RESTORED_SALT)])
    }
}
