//! What it takes to administer an HSM.

use std::{collections::BTreeMap, fmt, io};

use nethsm::{id::UserId, passphrase::Passphrase};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{BadCredential, SecretFile, made_up};

/// Room for all of it at once: a buffer that grows leaves copies of the secrets behind.
const ROOM: usize = 64 << 10;

/// Every passphrase that it takes to administer one HSM. In memory only, and erased when dropped.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdministrativeCredentials {
    /// What unlocks the devices.
    pub unlock: Passphrase,
    /// What backups are encrypted with.
    pub backup: Passphrase,
    /// The administrators, those of namespaces included.
    pub administrators: BTreeMap<UserId, Passphrase>,
}

/// Where the administrative credentials of one HSM come from, and where they go: a file, or the
/// people who hold the shares of them.
///
/// An implementation promises that what it has stored it can load again, and that a store that
/// fails leaves what was there.
pub trait Administration: fmt::Debug {
    /// The credentials; `None` if none were ever stored.
    fn load(&self) -> Result<Option<AdministrativeCredentials>, BadCredential>;
    /// Stores them in place of those that are there.
    fn store(&self, credentials: &AdministrativeCredentials) -> Result<(), BadCredential>;
}

impl AdministrativeCredentials {
    /// Makes up all of them, for these administrators.
    pub fn make_up<'a>(administrators: impl IntoIterator<Item = &'a UserId>) -> io::Result<Self> {
        let mut credentials = Self {
            unlock: made_up()?,
            backup: made_up()?,
            administrators: BTreeMap::new(),
        };
        credentials.add(administrators)?;
        Ok(credentials)
    }

    /// Makes up what is missing for these administrators, and tells whether anything was.
    pub fn add<'a>(
        &mut self,
        administrators: impl IntoIterator<Item = &'a UserId>,
    ) -> io::Result<bool> {
        let mut any = false;
        for user in administrators {
            if !self.administrators.contains_key(user) {
                self.administrators.insert(user.clone(), made_up()?);
                any = true;
            }
        }
        Ok(any)
    }

    /// As JSON, to be sealed: `{"unlock": "...", "backup": "...", "administrators": {"admin": "..."}}`.
    pub fn to_octets(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut octets = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *octets, self)?;
        Ok(octets)
    }

    /// What [`Self::to_octets`] wrote.
    pub fn from_octets(octets: &[u8]) -> Result<Self, BadCredential> {
        // What the parser says may repeat some of it.
        serde_json::from_slice(octets).map_err(|_| BadCredential::Content)
    }
}

impl fmt::Debug for AdministrativeCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdministrativeCredentials(..)")
    }
}

/// In a file: plaintext for development, or sealed by `systemd-creds`.
impl Administration for SecretFile {
    fn load(&self) -> Result<Option<AdministrativeCredentials>, BadCredential> {
        let octets = self.read_secret()?;
        octets
            .map(|octets| AdministrativeCredentials::from_octets(&octets))
            .transpose()
    }

    fn store(&self, credentials: &AdministrativeCredentials) -> Result<(), BadCredential> {
        self.write_secret(&credentials.to_octets()?)
    }
}
