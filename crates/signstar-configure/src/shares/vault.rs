//! The opened box: the credentials of all HSMs while a ceremony runs.

use std::{cell::RefCell, collections::BTreeMap, fmt, io, path::PathBuf, rc::Rc};

use signstar_hsm::{Administration, AdministrativeCredentials, BadCredential};
use signstar_shares::{CannotOpen, SealedBox, Secret, Share};
use zeroize::Zeroizing;

use super::{layout::Layout, set::Set, uploads::erase_all};

/// Room for all credentials at once: a buffer that grows leaves copies of the secrets behind.
const ROOM: usize = signstar_shares::MAX_SECRET;

/// Behind the name of an HSM whose credentials are to follow others: no name has it.
const NEXT: &str = "/new";

/// The secret that boxes without credentials have.
const NOTHING: &[u8] = b"{}";

/// What becomes of the uploads when a vault is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Afterwards {
    /// They are erased: the ceremony is over.
    Erased,
    /// They stay: somebody has only had a look.
    Kept,
}

/// Shares that open a box, and what is in it by the names of HSMs. The shares are erased from memory
/// when it is dropped.
pub(crate) struct Vault {
    folder: PathBuf,
    sealed: RefCell<SealedBox>,
    shares: Vec<Share>,
    layout: Layout,
    is_renewing: bool,
    afterwards: Afterwards,
}

impl Vault {
    /// Joins `shares` and opens the box of `set` with them.
    pub(super) fn open(
        set: &Set,
        shares: Vec<Share>,
        layout: &Layout,
        is_renewing: bool,
        afterwards: Afterwards,
    ) -> Result<Self, CannotOpen> {
        set.sealed.open(&shares)?;
        Ok(Self {
            folder: set.folder.clone(),
            sealed: RefCell::new(set.sealed.clone()),
            shares,
            layout: layout.clone(),
            is_renewing,
            afterwards,
        })
    }

    /// All that is in the box, to be sealed for another set.
    pub(super) fn into_secret(self) -> Result<Secret, CannotOpen> {
        let sealed = self.sealed.borrow();
        let opened = sealed.open(&self.shares)?;
        Ok(opened.into_secret())
    }

    fn all(&self) -> Result<BTreeMap<String, AdministrativeCredentials>, BadCredential> {
        let sealed = self.sealed.borrow();
        let opened = sealed.open(&self.shares).map_err(|_| closed())?;
        // What the parser says may repeat some of it.
        serde_json::from_slice(opened.secret().expose()).map_err(|_| BadCredential::Content)
    }

    fn store(
        &self,
        hsm: &str,
        credentials: &AdministrativeCredentials,
    ) -> Result<(), BadCredential> {
        let own = AdministrativeCredentials::from_octets(&credentials.to_octets()?)?;
        self.change(|all| {
            all.insert(hsm.to_owned(), own);
        })
    }

    /// What is there as `from` takes the place of `to`.
    fn promote(&self, from: &str, to: &str) -> Result<(), BadCredential> {
        self.change(|all| {
            if let Some(credentials) = all.remove(from) {
                all.insert(to.to_owned(), credentials);
            }
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, AdministrativeCredentials>),
    ) -> Result<(), BadCredential> {
        if self.is_renewing {
            return Err(BadCredential::Io(io::Error::other(
                "new shares wait to be confirmed: see `signstar-configure shares renew`",
            )));
        }
        let mut all = self.all()?;
        change(&mut all);
        let mut octets = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *octets, &all).map_err(io::Error::from)?;
        let secret = Secret::new(std::mem::take(&mut *octets)).map_err(io::Error::other)?;
        let resealed = {
            let sealed = self.sealed.borrow();
            let opened = sealed.open(&self.shares).map_err(|_| closed())?;
            let filled = opened.reseal(&secret, getrandom::fill);
            filled.map_err(|error| io::Error::other(error.to_string()))?
        };
        Set::replace_box(&self.folder, &resealed)?;
        self.sealed.replace(resealed);
        Ok(())
    }
}

fn closed() -> BadCredential {
    BadCredential::Io(io::Error::other("the shares do not open the box"))
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

/// However a ceremony ends, nobody finds the shares afterwards.
impl Drop for Vault {
    fn drop(&mut self) {
        if self.afterwards == Afterwards::Erased {
            // The next command of a ceremony, and `shares wipe`, do it again.
            let _ = erase_all(&self.layout, &[]);
        }
    }
}

/// A secret without credentials: those are made up when they are needed for the first time.
pub(super) fn nothing() -> Option<Secret> {
    Secret::new(NOTHING.to_vec()).ok()
}

/// The credentials of one HSM in the box.
pub(crate) struct OfHsm {
    vault: Option<Rc<Vault>>,
    hsm: String,
}

impl OfHsm {
    /// Those of `hsm`; without a vault nothing can be had.
    pub(crate) fn new(vault: Option<Rc<Vault>>, hsm: &str) -> Self {
        Self {
            vault,
            hsm: hsm.to_owned(),
        }
    }

    /// Those that are to follow these. No HSM is called so.
    pub(crate) fn next(&self) -> Self {
        Self {
            vault: self.vault.clone(),
            hsm: format!("{}{NEXT}", self.hsm),
        }
    }

    /// Those that were to follow these take their place.
    pub(crate) fn promote_next(&self) -> Result<(), BadCredential> {
        match &self.vault {
            Some(vault) => vault.promote(&format!("{}{NEXT}", self.hsm), &self.hsm),
            None => Err(closed()),
        }
    }
}

impl fmt::Debug for OfHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfHsm({})", self.hsm)
    }
}

impl Administration for OfHsm {
    fn load(&self) -> Result<Option<AdministrativeCredentials>, BadCredential> {
        match &self.vault {
            Some(vault) => Ok(vault.all()?.remove(&self.hsm)),
            None => Ok(None),
        }
    }

    fn store(&self, credentials: &AdministrativeCredentials) -> Result<(), BadCredential> {
        match &self.vault {
            Some(vault) => vault.store(&self.hsm, credentials),
            None => Err(closed()),
        }
    }
}
