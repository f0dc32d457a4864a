//! The states of a device, and what takes it from one to the next.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nethsm::system::{Provision, SystemState};
use nethsm::user::UserRole;

use super::Device;
use crate::error::{Error, StoreError};
use crate::hierarchy::UnlockError;
use crate::seal::SealKey;
use crate::settings::{Kept, TimeOffset};
use crate::tls::{self, Identity};
use crate::vault::{UserRecord, Vault};

/// How long the count of operations of a key may lag behind on disk.
const COUNTING: Duration = Duration::from_millis(100);

pub(super) enum State {
    Unprovisioned,
    Locked,
    Operational(
        Arc<Vault>,
        #[expect(dead_code, reason = "counts until it is dropped")] Counting,
    ),
}

impl State {
    pub(super) fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Operational(vault, _) => vault.close(),
            _ => Ok(()),
        }
    }
}

/// The device is in another state than the one asked for.
pub(crate) struct OtherState;

impl Device {
    /// What the device is ready for.
    pub fn state(&self) -> SystemState {
        match *self.reading() {
            State::Unprovisioned => SystemState::Unprovisioned,
            State::Locked => SystemState::Locked,
            State::Operational(..) => SystemState::Operational,
        }
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
            State::Operational(vault, _) => Some(Arc::clone(vault)),
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
    pub(super) fn first_state(&self) -> Result<State, StoreError> {
        Ok(if !self.hierarchy.is_provisioned(&self.store)? {
            State::Unprovisioned
        } else if let Some(domain_key) = self.hierarchy.unattended(&self.store)? {
            operational(self.open_vault(domain_key)?)
        } else {
            State::Locked
        })
    }

    pub(super) fn open_vault(&self, domain_key: SealKey) -> Result<Vault, StoreError> {
        let vault = Vault::open(Arc::clone(&self.store), domain_key, &self.folder.uses())?;
        self.take_up_backup_key(&vault)?;
        vault.add_namespaces()?;
        Ok(vault)
    }

    fn reading(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changing(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the vault to work, and counts operations in the background until that is over.
pub(super) fn operational(vault: Vault) -> State {
    let vault = Arc::new(vault);
    let counting = Counting::of(Arc::clone(&vault));
    State::Operational(vault, counting)
}

/// Brings the counts of operations to disk, time and again. When it is dropped, the thread that
/// does so has ended, and keeps no hold of the store.
pub(super) struct Counting {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Counting {
    fn of(vault: Arc<Vault>) -> Self {
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(COUNTING) == Err(RecvTimeoutError::Timeout) {
                if vault.has_uncounted() {
                    // What cannot be written stays noted, and is tried again.
                    let _ = vault.writing().and_then(|writing| writing.count());
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported where it happened.
            let _ = thread.join();
        }
    }
}
