//! The device: its states, and what takes it from one to the next.

mod backup;
mod firmware_1;
mod identity;
mod restore;
mod settings;

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use nethsm::backup::Salt;
use nethsm::system::{Provision, SystemState};
use nethsm::user::UserRole;
use tokio::sync::watch;

use crate::error::{Error, StoreError};
use crate::folder::Folder;
use crate::hierarchy::{Hierarchy, UnlockError};
use crate::login::Logins;
use crate::metrics::Counters;
use crate::seal::SealKey;
use crate::settings::{Kept, TimeOffset};
use crate::store::{Change, Store};
use crate::stretch::Form;
use crate::syslog::Syslog;
use crate::tls::{self, Identity};
use crate::update::{Pending, UpdateKey};
use crate::vault::{UserRecord, Vault};

pub(crate) use self::restore::RestoreError;

/// How long the count of operations of a key may lag behind on disk.
const COUNTING: Duration = Duration::from_millis(100);

/// Where a restore leaves what opens backups until the domain key is there.
const RESTORED_KEY: &str = "restored-backup-key";
const RESTORED_SALT: &str = "restored-backup-salt";

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
    /// Seconds, see [`TimeOffset`].
    time_offset: AtomicI64,
    /// What is shown to clients, once there is a server.
    identity: RwLock<Option<Identity>>,
    update: Mutex<Option<Pending>>,
    update_key: Option<UpdateKey>,
    is_on: watch::Sender<bool>,
}

enum State {
    Unprovisioned,
    Locked,
    Operational(Arc<Vault>),
}

impl State {
    fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Operational(vault) => vault.close(),
            _ => Ok(()),
        }
    }
}

/// The device is in another state than the one asked for.
pub(crate) struct OtherState;

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

    /// What the device is ready for.
    pub fn state(&self) -> SystemState {
        match *self.reading() {
            State::Unprovisioned => SystemState::Unprovisioned,
            State::Locked => SystemState::Locked,
            State::Operational(_) => SystemState::Operational,
        }
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

    /// Erases everything but the key in place of the hardware: from `Operational` to
    /// `Unprovisioned`.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let mut state = self.changing();
        // What was used does not matter any more.
        let _ = state.close();
        let mark = self.hierarchy.mark()?;
        self.store.edit::<_, StoreError>(|edit| {
            edit.delete_all("/")?;
            edit.make(&mark)
        })?;
        *state = State::Unprovisioned;
        self.logins.forget();
        *self.pending_update() = None;
        self.go_by_settings()?;
        tls::forget(&self.folder)?;
        self.show(Identity::own(&self.folder)?);
        Ok(())
    }

    /// The vault of an operational device.
    pub(crate) fn vault(&self) -> Option<Arc<Vault>> {
        match &*self.reading() {
            State::Operational(vault) => Some(Arc::clone(vault)),
            _ => None,
        }
    }

    /// From `Unprovisioned` to `Operational`, with one user `admin`.
    #[expect(
        clippy::expect_used,
        reason = "a literal is checked by any test that provisions"
    )]
    pub(crate) fn provision(&self, wish: &Provision) -> Result<Result<(), OtherState>, StoreError> {
        // Stretching takes its time, so the state is only held afterwards.
        let domain_key = SealKey::random()?;
        let [slot, salt] = self
            .hierarchy
            .attend(&domain_key, wish.unlock_passphrase.expose())?;
        let admin = UserRecord {
            name: "admin".to_owned(),
            role: UserRole::Administrator,
            hash: self.logins.hash(wish.admin_passphrase.expose())?,
            tags: Vec::new(),
        };
        let mut state = self.changing();
        if !matches!(*state, State::Unprovisioned) {
            return Ok(Err(OtherState));
        }
        let vault = self.open_vault(domain_key)?;
        let id = "admin".parse().expect("`admin` is a name");
        let mut changes = vault.first_changes()?;
        changes.extend([
            slot,
            salt,
            vault.user_change(&id, &admin)?,
            TimeOffset::of(wish.system_time.0).change(&self.hierarchy)?,
        ]);
        self.store.commit(&changes)?;
        *state = operational(vault);
        self.go_by_settings()?;
        Ok(Ok(()))
    }

    /// From `Locked` to `Operational`.
    pub(crate) fn unlock(&self, passphrase: &str) -> Result<Result<(), OtherState>, UnlockError> {
        let domain_key = self.hierarchy.unlock(&self.store, passphrase)?;
        let mut state = self.changing();
        if !matches!(*state, State::Locked) {
            return Ok(Err(OtherState));
        }
        *state = operational(self.open_vault(domain_key)?);
        Ok(Ok(()))
    }

    /// From `Operational` to `Locked`. Requests under way may still read, and change nothing.
    pub(crate) fn lock(&self) -> Result<(), StoreError> {
        let mut state = self.changing();
        state.close()?;
        *state = State::Locked;
        self.logins.forget();
        Ok(())
    }

    /// Starts anew, as after power-on.
    pub(crate) fn start(&self) -> Result<(), StoreError> {
        let mut state = self.changing();
        state.close()?;
        *state = self.first_state()?;
        self.logins.forget();
        *self.pending_update() = None;
        self.go_by_settings()
    }

    /// The state after power-on.
    fn first_state(&self) -> Result<State, StoreError> {
        Ok(if !self.hierarchy.is_provisioned(&self.store)? {
            State::Unprovisioned
        } else if let Some(domain_key) = self.hierarchy.unattended(&self.store)? {
            operational(self.open_vault(domain_key)?)
        } else {
            State::Locked
        })
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

    fn open_vault(&self, domain_key: SealKey) -> Result<Vault, StoreError> {
        let vault = Vault::open(Arc::clone(&self.store), domain_key, &self.folder.uses())?;
        self.take_up_backup_key(&vault)?;
        vault.add_namespaces()?;
        Ok(vault)
    }

    /// Seals what opens backups for the vault, if a restore had to leave it outside because the
    /// domain key was locked.
    fn take_up_backup_key(&self, vault: &Vault) -> Result<(), StoreError> {
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

    fn reading(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn changing(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Opens the vault for work, and counts operations in the background until it is dropped.
fn operational(vault: Vault) -> State {
    let vault = Arc::new(vault);
    let weak = Arc::downgrade(&vault);
    thread::spawn(move || {
        while let Some(vault) = {
            thread::sleep(COUNTING);
            weak.upgrade()
        } {
            if vault.has_uncounted() {
                // What cannot be written stays noted, and is tried again.
                let _ = vault.writing().and_then(|writing| writing.count());
            }
        }
    });
    State::Operational(vault)
}
