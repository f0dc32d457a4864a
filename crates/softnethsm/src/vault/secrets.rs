//! What the vault keeps for the device itself: what opens backups, and the authority of a cluster.

use nethsm::backup::Salt;
use nethsm::octets::SecretOctets;

use super::Vault;
use super::sealed::{read, sealed};
use crate::error::StoreError;
use crate::seal::SealKey;
use crate::store::Change;

/// What opens backups, as derived from the backup passphrase.
const BACKUP_KEY: &str = "/config/backup-key";
const BACKUP_SALT: &str = "/config/backup-salt";
pub(super) const CLUSTER_CA: &str = "/config/cluster-ca";

impl Vault {
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
}
