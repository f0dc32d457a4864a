//! Logins: who asks, and how often they may guess.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use nethsm::call::UNLOCK_USER;
use nethsm::id::UserId;
use nethsm::passphrase::Passphrase;
use nethsm::user::UserRole;
use zeroize::Zeroizing;

use crate::encoding;
use crate::error::{SealError, StoreError};
use crate::random;
use crate::stretch::{Form, PassphraseHash};
use crate::vault::Vault;

/// After a failed login, the same user is not heard from the same address for this long.
const PAUSE: Duration = Duration::from_secs(1);
/// More names than anybody can fail with in a second.
const MOST_FAILURES: usize = 4096;

/// So many may wait for their passphrases to be stretched.
const LONGEST_QUEUE: usize = 128;

/// A user who has proved who they are.
pub(crate) struct Caller {
    pub(crate) id: UserId,
    pub(crate) role: UserRole,
    pub(crate) tags: Vec<String>,
}

/// Why a login failed.
pub(crate) enum LoginError {
    /// No credentials were given.
    Missing,
    /// Credentials that are malformed or wrong.
    Wrong,
    /// Too soon after a failed login.
    TooSoon,
    /// The user cannot be read.
    Store(StoreError),
}

/// What is remembered of logins since the device was started.
///
/// A stretched passphrase takes a tenth of a second to check, so one that was right is remembered as
/// an HMAC under a key that exists only in memory. It covers what is stored of the passphrase: after a
/// change, the old one is not remembered any more.
pub(crate) struct Logins {
    key: hmac::Key,
    known: Mutex<HashMap<UserId, hmac::Tag>>,
    failed: Mutex<HashMap<(IpAddr, String), Instant>>,
    /// One at a time is stretched, and the next sees whether it was theirs.
    stretching: Mutex<()>,
    waiting: AtomicUsize,
    form: Form,
}

/// A place in the queue of passphrases to be stretched.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Logins {
    pub(crate) fn new() -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        random::fill(key.as_mut_slice())?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()),
            known: Mutex::default(),
            failed: Mutex::default(),
            stretching: Mutex::default(),
            waiting: AtomicUsize::new(0),
            form: Form::Stretched,
        })
    }

    /// Keeps passphrases in this form from now on, those that are there from their next login on.
    pub(crate) fn keep_as(&mut self, form: Form) {
        self.form = form;
    }

    /// What is kept of a new passphrase.
    pub(crate) fn hash(&self, passphrase: &str) -> Result<PassphraseHash, SealError> {
        PassphraseHash::new(passphrase, self.form)
    }

    /// Forgets all that was right, as when the device is locked.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    /// Who this is, if it can be said at once: a passphrase that was right before, and may be tried.
    /// All else is for [`Logins::check`] to say.
    pub(crate) fn recognise(&self, vault: &Vault, peer: IpAddr, header: &[u8]) -> Option<Caller> {
        let (id, passphrase) = basic(header)?;
        self.may_try(peer, id.as_str()).ok()?;
        let user = vault.user(&id).ok()??;
        let is_right = match user.hash.digest() {
            Some(digest) => self.is_known(&id, &proof(&id, digest, passphrase.expose())),
            None => user.hash.matches(passphrase.expose()),
        };
        (is_right && user.hash.form() == self.form).then_some(Caller {
            id,
            role: user.role,
            tags: user.tags,
        })
    }

    /// Checks an `Authorization` header.
    pub(crate) fn check(
        &self,
        vault: &Vault,
        peer: IpAddr,
        header: Option<&[u8]>,
    ) -> Result<Caller, LoginError> {
        let (id, passphrase) =
            basic(header.ok_or(LoginError::Missing)?).ok_or(LoginError::Wrong)?;
        self.may_try(peer, id.as_str())?;
        let user = match vault.user(&id).map_err(LoginError::Store)? {
            Some(user) if self.is_right(&id, &user.hash, passphrase.expose())? => user,
            known => {
                if known.is_none() {
                    let _place = self.queue()?;
                    PassphraseHash::pretend(passphrase.expose());
                }
                self.note_failure(peer, id.as_str());
                return Err(LoginError::Wrong);
            }
        };
        if user.hash.form() != self.form {
            self.change_form(vault, &id, passphrase.expose())
                .map_err(LoginError::Store)?;
        }
        Ok(Caller {
            id,
            role: user.role,
            tags: user.tags,
        })
    }

    /// Checks an `Authorization` header of the user who has no other proof than the unlock
    /// passphrase.
    pub(crate) fn check_rescuer(
        &self,
        peer: IpAddr,
        header: Option<&[u8]>,
        unlocks: impl FnOnce(&str) -> bool,
    ) -> Result<(), LoginError> {
        let (id, passphrase) =
            basic(header.ok_or(LoginError::Missing)?).ok_or(LoginError::Wrong)?;
        self.may_try(peer, id.as_str())?;
        if id.as_str() == UNLOCK_USER && unlocks(passphrase.expose()) {
            return Ok(());
        }
        self.note_failure(peer, id.as_str());
        Err(LoginError::Wrong)
    }

    /// Asks whether this name may be tried from this address now.
    pub(crate) fn may_try(&self, peer: IpAddr, name: &str) -> Result<(), LoginError> {
        match self.failed().get(&(peer, name.to_owned())) {
            Some(when) if when.elapsed() < PAUSE => Err(LoginError::TooSoon),
            _ => Ok(()),
        }
    }

    /// Notes that this name was tried from this address in vain.
    pub(crate) fn note_failure(&self, peer: IpAddr, name: &str) {
        let mut failed = self.failed();
        if failed.len() >= MOST_FAILURES {
            failed.retain(|_, when| when.elapsed() < PAUSE);
        }
        if failed.len() < MOST_FAILURES {
            failed.insert((peer, name.to_owned()), Instant::now());
        }
    }

    fn is_right(
        &self,
        id: &UserId,
        hash: &PassphraseHash,
        passphrase: &str,
    ) -> Result<bool, LoginError> {
        // One that was not stretched is checked at once, and need not be remembered.
        let Some(digest) = hash.digest() else {
            return Ok(hash.matches(passphrase));
        };
        let proof = proof(id, digest, passphrase);
        if self.is_known(id, &proof) {
            return Ok(true);
        }
        let _place = self.queue()?;
        let _turn = self
            .stretching
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Many connections of one user begin at once, and one stretching is enough for all.
        if self.is_known(id, &proof) {
            return Ok(true);
        }
        let is_right = hash.matches(passphrase);
        if is_right {
            self.known()
                .insert(id.clone(), hmac::sign(&self.key, proof.as_bytes()));
        }
        Ok(is_right)
    }

    /// Keeps a passphrase in the form that is wanted, now that it is known: one from the backup of
    /// a device is stretched at the first login.
    fn change_form(&self, vault: &Vault, id: &UserId, passphrase: &str) -> Result<(), StoreError> {
        let hash = self.hash(passphrase)?;
        let writing = vault.writing()?;
        // Another login, or a new passphrase, may have come first.
        match vault.user(id)? {
            Some(mut user) if user.hash.form() != self.form && user.hash.matches(passphrase) => {
                user.hash = hash;
                writing.put_user(id, &user)
            }
            _ => Ok(()),
        }
    }

    fn is_known(&self, id: &UserId, proof: &str) -> bool {
        let known = self.known();
        let tag = known.get(id);
        tag.is_some_and(|tag| hmac::verify(&self.key, proof.as_bytes(), tag.as_ref()).is_ok())
    }

    /// Stands in line for stretching, unless the line is so long that it can only be an attack.
    fn queue(&self) -> Result<Place<'_>, LoginError> {
        let place = Place(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= LONGEST_QUEUE {
            return Err(LoginError::TooSoon);
        }
        Ok(place)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<UserId, hmac::Tag>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, HashMap<(IpAddr, String), Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is remembered of a right passphrase, under the HMAC.
fn proof(id: &UserId, digest: &str, passphrase: &str) -> Zeroizing<String> {
    Zeroizing::new([id.as_str(), digest, passphrase].join("\0"))
}

/// Reads `Basic BASE64(user:passphrase)`. The scheme is spelt so and no other way; the passphrase
/// may hold colons.
fn basic(header: &[u8]) -> Option<(UserId, Passphrase)> {
    let encoded = std::str::from_utf8(header.strip_prefix(b"Basic ")?).ok()?;
    let decoded = Zeroizing::new(encoding::decode(encoded.trim())?);
    let (user, passphrase) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.parse().ok()?, Passphrase::new(passphrase.to_owned())))
}
