//! Looking at what is there.

use std::{
    error::Error as StdError,
    io::{self, Cursor, Write},
};

use jiff::Timestamp;
use nethsm::{
    backup::{Backup, BackupKey, Error as BadBackup},
    client::{Client, Error as DeviceError, Tls},
    id::{KeyId, UserId},
    key::{PublicKey, PublicKeyData},
    system::SystemState,
    user::UserRole,
};
use sha2::{Digest, Sha256};
use signstar::sign::Certificate;

use super::{
    Access, AccessError, BackupPassphrase, Condition, Content, DesiredDevice, FoundKey, FoundUser,
    KeyPath, Login, Observed, ObservedDevice, Slot,
    access::{Device, handle, patiently},
    certify,
};
use crate::{Which, nethsm::public_key};

/// The longest beginning of a backup, in octets (64 KiB): the header has a few hundred.
const MAX_HEADER: usize = 64 << 10;

impl Access<'_> {
    /// Looks at everything, and changes nothing.
    ///
    /// Fails only if something stored on this host cannot be read. What is wrong with a device is
    /// told as its condition.
    pub fn observe(&self) -> Result<Observed, AccessError> {
        let mut observed = Observed::default();
        for (device, wanted) in self.devices.iter().zip(&self.desired.devices) {
            observed.devices.push(self.device(device, wanted)?);
        }
        for (user, wanted) in &self.desired.users {
            let is_stored_here = wanted.role != UserRole::Administrator;
            if is_stored_here && self.stored(user, Which::New)?.is_some() {
                observed.half_changed.insert(user.clone());
            }
        }
        for path in self.desired.keys.keys() {
            let kept = self.certificates.load(path);
            let kept = kept.map_err(AccessError::certificate(path))?;
            let kept = kept.and_then(|octets| Certificate::parse(&octets).ok());
            if let Some(octets) = kept.and_then(|kept| kept.to_octets().ok()) {
                observed.kept.insert(path.clone(), sha256(&octets));
            }
        }
        Ok(observed)
    }

    fn device(
        &self,
        device: &Device,
        wanted: &DesiredDevice,
    ) -> Result<ObservedDevice, AccessError> {
        let tls = match Tls::shown(&device.url, self.timeout) {
            Ok(tls) => tls,
            Err(error) => {
                return Ok(ObservedDevice {
                    shown: None,
                    condition: Condition::Unreachable(whole(&error)),
                });
            }
        };
        let shown = tls.to_string().trim_start_matches("pin:").to_owned();
        let condition = match &device.client {
            Some(client) if wanted.known_by().any(|pin| pin == shown) => {
                match self.condition(client) {
                    Err(AccessError::Device(error)) => Condition::Unreachable(whole(&error)),
                    condition => condition?,
                }
            }
            _ => {
                let stranger = handle(&device.url, &tls, self.timeout).ok();
                Condition::Unknown(stranger.and_then(|stranger| stranger.state().ok()))
            }
        };
        Ok(ObservedDevice {
            shown: Some(shown),
            condition,
        })
    }

    fn condition(&self, client: &Client) -> Result<Condition, AccessError> {
        match client.state()? {
            SystemState::Unprovisioned => return Ok(Condition::Unprovisioned),
            SystemState::Failed => return Ok(Condition::Failed),
            SystemState::Locked if self.administration.is_none() => {
                return Ok(Condition::NoAdministrator);
            }
            SystemState::Locked => return Ok(Condition::Locked),
            SystemState::Operational => {}
        }
        let Ok(root) = self.root(client) else {
            return Ok(Condition::NoAdministrator);
        };
        match patiently(|| root.users()) {
            Ok(users) => self
                .content(client, &root, &users)
                .map(|content| Condition::Operational(Box::new(content))),
            Err(DeviceError::Unauthorized) => Ok(Condition::NoAdministrator),
            Err(error) => Err(error.into()),
        }
    }

    fn content(
        &self,
        client: &Client,
        root: &Client,
        users: &[UserId],
    ) -> Result<Content, AccessError> {
        let desired = self.desired;
        let now = Timestamp::now();
        let mut content = Content {
            boot: Some(root.unattended_boot()?),
            network: Some(root.network()?),
            logging: Some(root.logging()?),
            clock_off: root.time()?.0.duration_since(now).as_secs().unsigned_abs(),
            namespaces: root.namespaces()?.into_iter().collect(),
            ..Content::default()
        };
        if desired.ntp.is_some() {
            content.ntp = Some(root.ntp()?);
        }
        for id in users {
            let role = root.user(id)?.role;
            let tags = match role {
                UserRole::Operator => root.user_tags(id)?.into_iter().collect(),
                _ => Default::default(),
            };
            let login = self.login(client, id)?;
            content
                .users
                .insert(id.clone(), FoundUser { role, tags, login });
        }
        self.keys(&KeysOf::root(root), &mut content)?;
        for namespace in &desired.namespaces {
            let administrator = desired.administrator_of(namespace).filter(|id| {
                let found = content.users.get(id);
                found.is_some_and(|found| found.login == Login::Current)
            });
            if let Some(id) = administrator
                && content.namespaces.contains(namespace)
            {
                let administrator = &self.administrator(client, id)?;
                let namespace = Some(namespace.clone());
                let keys = KeysOf {
                    administrator,
                    namespace,
                };
                self.keys(&keys, &mut content)?;
            }
        }
        if desired.backups {
            content.backup = self.backup_passphrase(client, &content)?;
        }
        Ok(content)
    }

    fn keys(&self, of: &KeysOf<'_>, content: &mut Content) -> Result<(), AccessError> {
        for id in of.administrator.keys()? {
            let path = KeyPath {
                namespace: of.namespace.clone(),
                id,
            };
            let key = of.administrator.key(&path.id)?;
            let wanted = self.desired.keys.get(&path);
            let slot = if wanted.is_some_and(|wanted| !wanted.user_ids.is_empty()) {
                slot(of.administrator, &path.id, &key)?
            } else {
                Slot::Untold
            };
            content.keys.insert(path, found(key, slot));
        }
        Ok(())
    }

    /// Begins to make a backup and looks at what it begins with.
    fn backup_passphrase(
        &self,
        client: &Client,
        content: &Content,
    ) -> Result<BackupPassphrase, AccessError> {
        let keeper = self.desired.keeper().filter(|id| {
            let found = content.users.get(id);
            found.is_some_and(|found| matches!(found.login, Login::Current | Login::New))
        });
        let (Some(keeper), Some(administration)) = (keeper, self.administration) else {
            return Ok(BackupPassphrase::Unknown);
        };
        let mut beginning = Beginning::default();
        match self.user(client, keeper)?.backup(&mut beginning) {
            Ok(_) | Err(DeviceError::Local { .. }) => {}
            Err(DeviceError::Refused { status: 412, .. }) => return Ok(BackupPassphrase::Unset),
            Err(error) => return Err(error.into()),
        }
        let Ok(backup) = Backup::read(Cursor::new(&beginning.octets)) else {
            return Ok(BackupPassphrase::Unknown);
        };
        let salt = *backup.salt();
        let known = self.salts.0.borrow().get(&salt).copied();
        let is_ours = match known {
            Some(known) => known,
            None => {
                let key = BackupKey::derive(&administration.backup, &salt);
                let key = key.map_err(io::Error::other)?;
                let is_ours = !matches!(backup.open(&key), Err(BadBackup::BackupPassphrase));
                self.salts.0.borrow_mut().insert(salt, is_ours);
                is_ours
            }
        };
        Ok(if is_ours {
            BackupPassphrase::Ours
        } else {
            BackupPassphrase::Other
        })
    }
}

/// Whose keys are looked at.
struct KeysOf<'a> {
    administrator: &'a Client,
    namespace: Option<nethsm::id::NamespaceId>,
}

impl<'a> KeysOf<'a> {
    fn root(administrator: &'a Client) -> Self {
        Self {
            administrator,
            namespace: None,
        }
    }
}

fn found(key: PublicKey, slot: Slot) -> FoundKey {
    let length = match &key.public {
        Some(PublicKeyData::Rsa { modulus, .. }) => bits(&modulus.0),
        _ => None,
    };
    let public = key.public.as_ref().map(|public| match public {
        PublicKeyData::Rsa {
            modulus,
            public_exponent,
        } => sha256(&[modulus.as_ref(), public_exponent.as_ref()].concat()),
        PublicKeyData::Point { data } => sha256(data.as_ref()),
    });
    FoundKey {
        key_type: key.key_type,
        length,
        mechanisms: key.mechanisms.into_iter().collect(),
        tags: key.restrictions.tags.into_iter().collect(),
        public,
        slot,
    }
}

/// The bits of a big-endian number.
fn bits(number: &[u8]) -> Option<u32> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let (first, rest) = number.get(zeros..)?.split_first()?;
    let rest = u32::try_from(rest.len()).ok()?;
    Some(rest * 8 + (u8::BITS - first.leading_zeros()))
}

fn slot(administrator: &Client, id: &KeyId, key: &PublicKey) -> Result<Slot, DeviceError> {
    let octets = match administrator.certificate(id) {
        Ok(octets) => octets,
        Err(DeviceError::NotFound { .. }) => return Ok(Slot::Empty),
        Err(error) => return Err(error),
    };
    let certificate = Certificate::parse(&octets).ok().filter(|certificate| {
        let public = public_key(key.clone());
        public.is_some() && certificate.public_key() == public
    });
    let digest = certificate.as_ref().and_then(|one| one.to_octets().ok());
    Ok(match (certificate, digest) {
        (Some(certificate), Some(octets)) => Slot::Certificate {
            digest: sha256(&octets),
            user_ids: certificate.bound_user_ids().map(str::to_owned).collect(),
            expires: certify::end(&certificate),
        },
        _ => Slot::Other,
    })
}

pub(super) fn sha256(octets: &[u8]) -> String {
    hex::encode(Sha256::digest(octets))
}

/// An error with its causes, in one line.
fn whole(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Takes what a backup begins with, and no more.
#[derive(Default)]
struct Beginning {
    octets: Vec<u8>,
}

impl Write for Beginning {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.octets.extend_from_slice(octets);
        match Backup::read(Cursor::new(&self.octets)) {
            Err(BadBackup::Truncated) if self.octets.len() < MAX_HEADER => Ok(octets.len()),
            _ => Err(io::Error::other("enough")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
