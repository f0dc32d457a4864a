//! Making a backup: the values as they are kept, in the layout of the device.

use std::collections::BTreeMap;
use std::io::Write;

use nethsm::backup::{self, BackupKey, Header, Salt, Setting, StoreKey, Writer};
use nethsm::config::{Logging, Network};
use nethsm::octets::SecretOctets;

use super::Device;
use crate::error::{Error, StoreError};
use crate::seal::SealKey;
use crate::settings::{Kept, TimeOffset};
use crate::vault::Vault;

/// Whose values go into a backup as they are.
const SHARED: [&str; 5] = [
    "/.initialized",
    "/authentication/",
    "/config/",
    "/key/",
    "/namespace/",
];

/// Why a backup broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] backup::Error),
    #[error(transparent)]
    Device(#[from] Error),
}

impl Device {
    /// Writes a backup of all there is at this moment. Others may go on changing it meanwhile.
    pub(crate) fn back_up(
        &self,
        vault: &Vault,
        (key, salt): (&SealKey, &Salt),
        to: impl Write,
    ) -> Result<(), BackupError> {
        let settings_key = self.hierarchy.settings_key().map_err(StoreError::from)?;
        let key = BackupKey::from_bytes(key.expose())?;
        // What belongs together is read while nobody writes.
        let (locked, local, snapshot) = {
            let writing = vault.writing()?;
            writing.count()?;
            (
                self.hierarchy.locked_domain_key(&self.store)?,
                self.local_values(&settings_key)?,
                self.store.snapshot()?,
            )
        };
        let header = Header {
            salt,
            domain_key: &locked,
            device: Some((self.hierarchy.device_id(), &settings_key)),
        };
        let mut writer = Writer::new(to, &key, &header)?;
        let mut local = local.into_iter().peekable();
        snapshot.each::<BackupError>(|path, value| {
            if !SHARED.iter().any(|prefix| path.starts_with(prefix)) {
                return Ok(());
            }
            while let Some((path, value)) = local.next_if(|(local, _)| local.as_str() < path) {
                writer.item(&path, &value)?;
            }
            Ok(writer.item(path, value)?)
        })?;
        for (path, value) in local {
            writer.item(&path, &value)?;
        }
        writer.finish()?;
        Ok(())
    }

    /// The values of this device alone, by path: its settings in the form of devices, and the
    /// slots of the domain key.
    fn local_values(&self, key: &StoreKey) -> Result<BTreeMap<String, Vec<u8>>, BackupError> {
        let identity = self.identity()?;
        let chain = identity.certificates();
        let chain = chain.iter().map(|der| der.to_vec()).collect();
        let tls_key = SecretOctets::new(identity.key_pem().to_vec());
        let mut settings = vec![
            ("certificate", Setting::Certificates(chain)),
            ("private-key", Setting::TlsKey(tls_key)),
        ];
        if let Some(salt) = self.hierarchy.setting(&self.store, "unlock-salt")? {
            settings.push((
                "unlock-salt",
                Setting::Other(SecretOctets::new(salt.to_vec())),
            ));
        }
        if self.hierarchy.is_unattended(&self.store)? {
            settings.push(("unattended-boot", Setting::UnattendedBoot(true)));
        }
        settings.extend(self.exported::<Network>()?);
        settings.extend(self.exported::<Logging>()?);
        settings.extend(self.exported::<TimeOffset>()?);
        let mut values = BTreeMap::new();
        for (name, setting) in settings {
            let path = self.hierarchy.config(name);
            let sealed = key.seal(&path, &setting.to_bytes())?;
            values.insert(path, sealed);
        }
        for name in ["attended", "unattended"] {
            let slot = self.hierarchy.slot(name);
            if let Some(sealed) = self.store.get(&slot)? {
                values.insert(slot, sealed);
            }
        }
        Ok(values)
    }

    fn exported<T: Kept>(&self) -> Result<Option<(&'static str, Setting)>, StoreError> {
        let found = T::find(&self.hierarchy, &self.store)?;
        Ok(found
            .and_then(T::exported)
            .map(|setting| (T::NAME, setting)))
    }
}
