//! The device: its states, and what takes it from one to the next.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use nethsm::system::{Provision, SystemState};
use nethsm::user::UserRole;

use crate::error::{Error, StoreError};
use crate::folder::Folder;
use crate::hierarchy::{Hierarchy, UnlockError};
use crate::login::Logins;
use crate::seal::SealKey;
use crate::store::Store;
use crate::stretch::PassphraseHash;
use crate::vault::{UserRecord, Vault};

/// How long the count of operations of a key may lag behind on disk.
const COUNTING: Duration = Duration::from_millis(100);

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
        };
        device.start()?;
        Ok(device)
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
            hash: PassphraseHash::new(wish.admin_passphrase.expose())?,
            tags: Vec::new(),
        };
        let mut state = self.changing();
        if !matches!(*state, State::Unprovisioned) {
            return Ok(Err(OtherState));
        }
        let vault = self.open_vault(domain_key)?;
        let id = "admin".parse().expect("`admin` is a name");
        self.store
            .commit(&[slot, salt, vault.user_change(&id, &admin)?])?;
        *state = operational(vault);
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
        *state = if !self.hierarchy.is_provisioned(&self.store)? {
            State::Unprovisioned
        } else if let Some(domain_key) = self.hierarchy.unattended(&self.store)? {
            operational(self.open_vault(domain_key)?)
        } else {
            State::Locked
        };
        self.logins.forget();
        Ok(())
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
        Vault::open(Arc::clone(&self.store), domain_key, &self.folder.uses())
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
