//! The device: a data folder and what is known of it in memory.

mod backup;
mod backup_key;
mod firmware_1;
mod identity;
mod restore;
mod settings;
mod state;

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;

use crate::error::{Error, StoreError};
use crate::folder::Folder;
use crate::hierarchy::Hierarchy;
use crate::login::Logins;
use crate::metrics::Counters;
use crate::seal::SealKey;
use crate::store::Store;
use crate::stretch::Form;
use crate::syslog::Syslog;
use crate::tls::Identity;
use crate::update::{Pending, UpdateKey};

pub(crate) use self::restore::RestoreError;
use self::state::State;

/// A NetHSM in software, over one data folder.
///
/// All state that is answered for is on disk before the answer goes out. The secrets inside are
/// erased when the device is locked or dropped.
pub struct Device {
    folder: Folder,
    store: Arc<Store>,
    hierarchy: Hierarchy,
    state: RwLock<State>,
    logins: Logins,
    counters: Counters,
    syslog: Syslog,
    /// Seconds, see [`crate::settings::TimeOffset`].
    time_offset: AtomicI64,
    /// What is shown to clients, once there is a server.
    identity: RwLock<Option<Identity>>,
    update: Mutex<Option<Pending>>,
    update_key: Option<UpdateKey>,
    is_on: watch::Sender<bool>,
}

impl Device {
    /// Opens a data folder, creating it when it is missing or empty.
    ///
    /// The state is then `Unprovisioned` for a new folder, `Operational` with unattended boot, and
    /// `Locked` otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] while another process works on the folder, [`Error::Damaged`] when a file
    /// is not what was written, [`Error::File`] when the operating system says no.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let folder = Folder::at(data)?;
        let known = folder.read_device_key()?;
        // Opening the store is what keeps other processes out, so everything else comes after.
        let store = Store::open(&folder.store(), known.is_none())?;
        let device_key = match known {
            Some(key) => key,
            None if store.paths("/")?.is_empty() => {
                let key = SealKey::random()?;
                folder.write_device_key(&key)?;
                key
            }
            None => {
                let reason = "it is missing, and the store needs it".into();
                return Err(Error::Damaged {
                    path: folder.device_key(),
                    reason,
                });
            }
        };
        let hierarchy = Hierarchy::new(device_key);
        if !hierarchy.is_marked(&store)? {
            if !store.paths("/")?.is_empty() {
                let reason = "the store was made with another one".into();
                return Err(Error::Damaged {
                    path: folder.device_key(),
                    reason,
                });
            }
            store.commit(&[hierarchy.mark()?])?;
        }
        let device = Self {
            folder,
            store: Arc::new(store),
            hierarchy,
            state: RwLock::new(State::Unprovisioned),
            logins: Logins::new()?,
            counters: Counters::new(),
            syslog: Syslog::default(),
            time_offset: AtomicI64::new(0),
            identity: RwLock::default(),
            update: Mutex::default(),
            update_key: None,
            is_on: watch::Sender::new(true),
        };
        device.start()?;
        Ok(device)
    }

    /// Takes updates that are signed with this key: RSA of 2048 to 8192 bits, a
    /// `SubjectPublicKeyInfo` in PEM. Without it, every update is refused. Nothing is ever
    /// installed.
    ///
    /// # Errors
    ///
    /// [`Error::UpdateKey`] if it is not such a key.
    pub fn with_update_key(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.update_key = Some(UpdateKey::from_pem(pem)?);
        Ok(self)
    }

    /// Keeps the passphrases of users as a device does, so that a backup of this one can be restored
    /// into hardware and its users be known there: one HMAC-SHA256 in place of scrypt. Passphrases
    /// that are there change at the next login of their users. Who has the domain key can guess
    /// at them fast.
    #[must_use]
    pub fn with_portable_users(mut self) -> Self {
        self.logins.keep_as(Form::OfDevice);
        self
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.logins
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn syslog(&self) -> &Syslog {
        &self.syslog
    }

    /// The key whose updates are taken.
    pub(crate) fn update_key(&self) -> Option<&UpdateKey> {
        self.update_key.as_ref()
    }

    /// The update that waits to be committed or cancelled.
    pub(crate) fn pending_update(&self) -> MutexGuard<'_, Option<Pending>> {
        self.update.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns the device off: the server ends after the answers under way.
    pub(crate) fn turn_off(&self) {
        self.is_on.send_replace(false);
    }

    /// Waits until the device is turned off.
    pub(crate) async fn turned_off(&self) {
        let _ = self.is_on.subscribe().wait_for(|is_on| !is_on).await;
    }

    /// Writes the counts of operations that are only in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be written; they stay in memory then.
    pub fn settle(&self) -> Result<(), StoreError> {
        match self.vault() {
            Some(vault) => vault.writing()?.count(),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
