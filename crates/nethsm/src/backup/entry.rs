//! The values of a backup, open and understood.

use std::io::BufReader;
use std::io::Read;

use zeroize::Zeroizing;

use super::{Error, Item, Items, Setting, SettingEntry, StoreKey, StoredKey, StoredUser, Unlocked};
use crate::id::{BadId, KeyId, NamespaceId, UserId};

/// One value of a backup.
#[derive(Debug)]
#[non_exhaustive]
pub enum Entry {
    /// A user.
    User(UserEntry),
    /// A key.
    Key(KeyEntry),
    /// A namespace.
    Namespace(NamespaceId),
    /// A setting.
    Setting(SettingEntry),
    /// The version of a store, always `0` so far.
    StoreVersion {
        /// Where it stands.
        path: String,
        /// The version.
        version: String,
    },
    /// What has no content, or is sealed with the key of the device itself.
    Other {
        /// Where it stands.
        path: String,
    },
}

/// A user of a backup.
#[derive(Debug)]
pub struct UserEntry {
    /// Their name, with the namespace.
    pub id: UserId,
    /// What is known of them.
    pub user: StoredUser,
}

/// A key of a backup.
#[derive(Debug)]
pub struct KeyEntry {
    /// Where it is at home; nothing for keys of root users.
    pub namespace: Option<NamespaceId>,
    /// Its name.
    pub id: KeyId,
    /// What is known of it, the private key included.
    pub key: StoredKey,
}

impl UserEntry {
    /// Where a user is stored.
    pub fn path(id: &UserId) -> String {
        format!("/authentication/{id}")
    }
}

impl KeyEntry {
    /// Where a key is stored.
    pub fn path(namespace: Option<&NamespaceId>, id: &KeyId) -> String {
        match namespace {
            Some(namespace) => format!("/key/.{namespace}/{id}"),
            None => format!("/key/{id}"),
        }
    }
}

impl Entry {
    /// Where a namespace is stored.
    pub fn namespace_path(id: &NamespaceId) -> String {
        format!("/namespace/{id}")
    }

    /// Where the version of a store is stored.
    pub fn version_path(store: super::Store) -> &'static str {
        match store {
            super::Store::Users => "/authentication/.version",
            super::Store::Keys => "/key/.version",
            super::Store::Namespaces => "/namespace/.version",
            super::Store::Config => "/config/version",
        }
    }
}

/// Reads all values of a backup, in order.
#[derive(Debug)]
pub struct Entries<'a, R> {
    items: Items<'a, &'a mut BufReader<R>>,
    keys: &'a Unlocked,
    device: Option<&'a StoreKey>,
}

impl<'a, R: Read> Entries<'a, R> {
    pub(super) fn new(
        items: Items<'a, &'a mut BufReader<R>>,
        keys: &'a Unlocked,
        device: Option<&'a StoreKey>,
    ) -> Self {
        Self {
            items,
            keys,
            device,
        }
    }

    fn understand(&self, item: &Item) -> Result<Entry, Error> {
        let path = item.path.as_str();
        if let Some(id) = path.strip_prefix("/authentication/") {
            self.user(item, id)
        } else if let Some(place) = path.strip_prefix("/key/") {
            self.key(item, place)
        } else if let Some(id) = path.strip_prefix("/namespace/") {
            self.namespace(item, id)
        } else if let Some(name) = path.strip_prefix("/config/") {
            let value = match self.device {
                // The version tells how to read the others, so it is in the clear.
                Some(_) if name != "version" => self.keys.config.open(path, &item.value)?,
                _ => item.value.clone(),
            };
            setting(path, None, name, value)
        } else if let Some((device, name)) = own_setting(path) {
            let value = match self.device {
                Some(key) => key.open(path, &item.value)?,
                None => item.value.clone(),
            };
            setting(path, Some(device), name, value)
        } else {
            Ok(Entry::Other {
                path: path.to_owned(),
            })
        }
    }

    fn user(&self, item: &Item, id: &str) -> Result<Entry, Error> {
        let path = item.path.as_str();
        let value = self.keys.users.open(path, &item.value)?;
        if id == ".version" {
            return version(path, &value);
        }
        Ok(Entry::User(UserEntry {
            id: id.parse().map_err(|bad| unnamed(path, bad))?,
            user: StoredUser::from_bytes(&value).ok_or_else(|| Error::value(path, "not a user"))?,
        }))
    }

    fn key(&self, item: &Item, place: &str) -> Result<Entry, Error> {
        let path = item.path.as_str();
        let value = self.keys.keys.open(path, &item.value)?;
        if place == ".version" {
            return version(path, &value);
        }
        let (namespace, id) = match place
            .strip_prefix('.')
            .and_then(|rest| rest.split_once('/'))
        {
            Some((namespace, id)) => {
                let namespace = namespace.parse().map_err(|bad| unnamed(path, bad))?;
                (Some(namespace), id)
            }
            None => (None, place),
        };
        Ok(Entry::Key(KeyEntry {
            namespace,
            id: id.parse().map_err(|bad| unnamed(path, bad))?,
            key: StoredKey::from_bytes(&value).ok_or_else(|| Error::value(path, "not a key"))?,
        }))
    }

    fn namespace(&self, item: &Item, id: &str) -> Result<Entry, Error> {
        let path = item.path.as_str();
        let value = self.keys.namespaces.open(path, &item.value)?;
        if id == ".version" {
            return version(path, &value);
        }
        let id = id.parse().map_err(|bad| unnamed(path, bad))?;
        Ok(Entry::Namespace(id))
    }
}

impl<R: Read> Iterator for Entries<'_, R> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Result<Entry, Error>> {
        let item = self.items.next()?;
        Some(item.and_then(|item| self.understand(&item)))
    }
}

fn unnamed(path: &str, _: BadId) -> Error {
    Error::value(path, "its name is none")
}

/// Device and name of a setting of one device: `/local/DEVICE/config/NAME`.
fn own_setting(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/local/")?.split_once("/config/")
}

fn setting(
    path: &str,
    device: Option<&str>,
    name: &str,
    value: Zeroizing<Vec<u8>>,
) -> Result<Entry, Error> {
    Ok(Entry::Setting(SettingEntry {
        device: device.map(str::to_owned),
        name: name.to_owned(),
        setting: Setting::read(name, value).ok_or_else(|| Error::value(path, "not a setting"))?,
    }))
}

fn version(path: &str, value: &[u8]) -> Result<Entry, Error> {
    let version = std::str::from_utf8(value).map_err(|_| Error::value(path, "no version"))?;
    Ok(Entry::StoreVersion {
        path: path.to_owned(),
        version: version.to_owned(),
    })
}
