//! Reading a backup: first the outside, then with the keys.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::item::UNLOCK_SALT;
use super::{
    BackupKey, DomainKey, Entries, Error, Items, LockedDomainKey, Salt, Store, StoreKey, UnlockKey,
    Version, field,
};
use crate::passphrase::Passphrase;

/// A backup whose header has been read. [`Backup::open`] needs the passphrase.
#[derive(Debug)]
pub struct Backup<R> {
    source: BufReader<R>,
    version: Version,
    salt: Salt,
    sealed: Vec<Vec<u8>>,
}

pub(super) const VERSION: &str = "backup-version";
pub(super) const DOMAIN_KEY: &str = "domain-key";
pub(super) const DEVICE_ID: &str = "backup-device-id";
pub(super) const CONFIG_KEY: &str = "backup-config-store-key";

impl<R: Read + Seek> Backup<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// [`Error::NoBackup`], [`Error::Version`], [`Error::Truncated`] or [`Error::Io`].
    pub fn read(source: R) -> Result<Self, Error> {
        let mut source = BufReader::new(source);
        let mut start = Vec::new();
        let most = u64::try_from(field::MAGIC.len() + 1).unwrap_or(u64::MAX);
        source.by_ref().take(most).read_to_end(&mut start)?;
        let version = match start.strip_prefix(field::MAGIC) {
            Some(&[version]) => Version::of(version)?,
            Some(_) => return Err(Error::Truncated),
            None if !start.is_empty() && field::MAGIC.starts_with(&start) => {
                return Err(Error::Truncated);
            }
            None => return Err(Error::NoBackup),
        };
        let salt = field::expect(&mut source)?;
        let salt = salt
            .try_into()
            .map_err(|_| Error::Damaged("the salt".to_owned()))?;
        let fields = match version {
            Version::V0 => 2,
            Version::V1 => 4,
        };
        let sealed = (0..fields)
            .map(|_| field::expect(&mut source))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            source,
            version,
            salt,
            sealed,
        })
    }

    /// The format.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What belongs to the backup passphrase, see [`BackupKey::derive`].
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Opens the outside.
    ///
    /// # Errors
    ///
    /// [`Error::BackupPassphrase`] if the key is another; [`Error::Damaged`].
    pub fn open(mut self, key: &BackupKey) -> Result<Opened<R>, Error> {
        let mut sealed = self.sealed.iter();
        let mut open = |purpose: &str| {
            let field = sealed.next().ok_or(Error::Truncated)?;
            let damaged = || Error::Damaged(purpose.to_owned());
            key.open(purpose, field).ok_or_else(damaged)
        };
        let version = open(VERSION).map_err(|_| Error::BackupPassphrase)?;
        if version.as_slice() != [self.version.byte()] {
            return Err(Error::Damaged(VERSION.to_owned()));
        }
        let domain_key = LockedDomainKey::from_bytes(&open(DOMAIN_KEY)?)
            .map_err(|_| Error::Damaged(DOMAIN_KEY.to_owned()))?;
        let device = match self.version {
            Version::V0 => None,
            Version::V1 => {
                let id = open(DEVICE_ID)?;
                let id = std::str::from_utf8(&id)
                    .map_err(|_| Error::Damaged(DEVICE_ID.to_owned()))?
                    .to_owned();
                let key = StoreKey::from_bytes(&open(CONFIG_KEY)?)
                    .map_err(|_| Error::Damaged(CONFIG_KEY.to_owned()))?;
                Some((id, key))
            }
        };
        Ok(Opened {
            items_at: self.source.stream_position()?,
            source: self.source,
            version: self.version,
            salt: self.salt,
            key: BackupKey::from_bytes(key.expose())?,
            domain_key,
            device,
            namespaces: true,
        })
    }
}

/// A backup whose outside is open: its values can be listed and verified.
#[derive(Debug)]
pub struct Opened<R> {
    source: BufReader<R>,
    items_at: u64,
    version: Version,
    salt: Salt,
    key: BackupKey,
    domain_key: LockedDomainKey,
    device: Option<(String, StoreKey)>,
    namespaces: bool,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Values in all.
    pub values: usize,
    /// Users, those of namespaces included.
    pub users: usize,
    /// Keys, those of namespaces included.
    pub keys: usize,
    /// Namespaces.
    pub namespaces: usize,
}

/// The keys of the values of one backup.
#[derive(Debug)]
pub struct Unlocked {
    /// What all values of the device are encrypted with.
    pub domain_key: DomainKey,
    pub(super) users: StoreKey,
    pub(super) keys: StoreKey,
    pub(super) namespaces: StoreKey,
    pub(super) config: StoreKey,
}

impl Unlocked {
    /// The keys below this one.
    pub fn new(domain_key: DomainKey) -> Self {
        let key = |store| StoreKey::of(&domain_key, store);
        Self {
            users: key(Store::Users),
            keys: key(Store::Keys),
            namespaces: key(Store::Namespaces),
            config: key(Store::Config),
            domain_key,
        }
    }
}

impl<R: Read + Seek> Opened<R> {
    /// The format.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What belongs to the backup passphrase.
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The device that made the backup, since version 1.
    pub fn device_id(&self) -> Option<&str> {
        Some(&self.device.as_ref()?.0)
    }

    /// The key of the device's own settings, since version 1.
    pub fn config_key(&self) -> Option<&StoreKey> {
        Some(&self.device.as_ref()?.1)
    }

    /// The domain key, locked with the unlock passphrase.
    pub fn domain_key(&self) -> &LockedDomainKey {
        &self.domain_key
    }

    /// Takes backups of firmware 1.x, which did not know namespaces. One of version 0 has no
    /// mark at its end; without this, that it knows namespaces shows that it was not cut short
    /// before its last users and keys.
    #[must_use]
    pub fn without_namespaces(mut self) -> Self {
        self.namespaces = false;
        self
    }

    /// All items, from the first.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be rewound. What can be wrong with items and the file
    /// as a whole comes out of the iterator.
    pub fn items(&mut self) -> Result<Items<'_, &mut BufReader<R>>, Error> {
        self.source.seek(SeekFrom::Start(self.items_at))?;
        Ok(Items::new(
            &mut self.source,
            &self.key,
            self.version,
            self.namespaces,
        ))
    }

    /// Reads and authenticates all items; that values are what their paths say can be seen
    /// only by reading [`Opened::entries`].
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the file first.
    pub fn verify(&mut self) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        for item in self.items()? {
            let path = item?.path;
            summary.values += 1;
            let folders = [
                ("/authentication/", &mut summary.users),
                ("/key/", &mut summary.keys),
                ("/namespace/", &mut summary.namespaces),
            ];
            for (folder, count) in folders {
                *count += usize::from(path.starts_with(folder) && !path.ends_with("/.version"));
            }
        }
        Ok(summary)
    }

    /// Unlocks the domain key.
    ///
    /// # Errors
    ///
    /// [`Error::UnlockPassphrase`], or what is wrong with the file.
    pub fn unlock(&mut self, passphrase: &Passphrase) -> Result<Unlocked, Error> {
        let key = UnlockKey::derive(passphrase, &self.unlock_salt()?)?;
        Ok(Unlocked::new(self.domain_key.unlock(&key)?))
    }

    /// What belongs to the unlock passphrase, see [`UnlockKey::derive`].
    ///
    /// # Errors
    ///
    /// What is wrong with the file up to there.
    pub fn unlock_salt(&mut self) -> Result<Salt, Error> {
        let found = self.items()?.find(|item| match item {
            Ok(item) => item.path.ends_with(UNLOCK_SALT),
            Err(_) => true,
        });
        let item = found.ok_or(Error::Missing(UNLOCK_SALT))??;
        let value = match self.config_key() {
            Some(key) => key.open(&item.path, &item.value)?,
            None => item.value,
        };
        let salt = value.as_slice().try_into();
        salt.map_err(|_| Error::value(&item.path, "a salt has 16 bytes"))
    }

    /// All values, open, from the first. As [`Items`], it checks the file as a whole.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be rewound.
    pub fn entries<'a>(&'a mut self, keys: &'a Unlocked) -> Result<Entries<'a, R>, Error> {
        self.source.seek(SeekFrom::Start(self.items_at))?;
        let items = Items::new(&mut self.source, &self.key, self.version, self.namespaces);
        let device = self.device.as_ref().map(|(_, key)| key);
        Ok(Entries::new(items, keys, device))
    }
}
