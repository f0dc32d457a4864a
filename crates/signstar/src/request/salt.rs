//! Salts for OpenPGP version 6: given out by the enclave, used once.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::refusal::{Code, Refused};

/// What an OpenPGP version 6 signature with SHA-512 hashes before the file (RFC 9580 §5.2.3,
/// table 23): 32 octets.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The octets of a salt.
    pub const OCTETS: usize = 32;

    /// Takes the octets that an enclave chose.
    pub fn new(octets: [u8; Self::OCTETS]) -> Self {
        Self(octets)
    }

    /// Its octets, the first that go into the hash.
    pub fn as_octets(&self) -> &[u8; Self::OCTETS] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Salt({})", hex::encode(self.0))
    }
}

/// Where a host has random octets from.
pub type Random =
    dyn Fn() -> Result<[u8; Salt::OCTETS], Box<dyn Error + Send + Sync>> + Send + Sync;

/// The salts of one session that were given out and not yet used.
///
/// Shared by everything that works for the session. [`Salts::default`] gives none out.
#[derive(Default)]
pub struct Salts {
    random: Option<Box<Random>>,
    outstanding: Mutex<BTreeSet<Salt>>,
}

impl Salts {
    /// The most salts that can be outstanding at once.
    pub const MAX_OUTSTANDING: usize = 1024;

    /// Gives out what `random` draws: 32 octets of cryptographic quality each time.
    pub fn drawn_from(
        random: impl Fn() -> Result<[u8; Salt::OCTETS], Box<dyn Error + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            random: Some(Box::new(random)),
            outstanding: Mutex::default(),
        }
    }

    /// Gives out a new salt.
    ///
    /// Refuses with `session-limit` while 1,024 are outstanding, and with `misconfigured` if there
    /// is nothing to draw from.
    pub(crate) fn issue(&self) -> Result<Salt, Refused> {
        let misconfigured = || Refused::new(Code::Misconfigured);
        let random = (self.random.as_ref())
            .ok_or_else(|| misconfigured().because("this host gives out no salts"))?;
        let salt = Salt::new(random().map_err(|cause| misconfigured().because(cause))?);
        let mut outstanding = self.outstanding();
        if outstanding.len() >= Self::MAX_OUTSTANDING {
            return Err(Refused::new(Code::SessionLimit).because("salts outstanding"));
        }
        if !outstanding.insert(salt) {
            return Err(misconfigured().because("the same random octets came twice"));
        }
        Ok(salt)
    }

    /// Uses up `salt`. Of several that try at once, one succeeds.
    pub(crate) fn take(&self, salt: &Salt) -> Result<(), Refused> {
        if self.outstanding().remove(salt) {
            Ok(())
        } else {
            Err(Refused::new(Code::UnknownSalt))
        }
    }

    /// Makes `salt` outstanding again: it was taken, and no signature was made with it.
    pub(crate) fn put_back(&self, salt: &Salt) {
        self.outstanding().insert(*salt);
    }

    fn outstanding(&self) -> std::sync::MutexGuard<'_, BTreeSet<Salt>> {
        // Each change of the set is whole, also if its thread panics afterwards.
        self.outstanding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salts")
            .field("outstanding", &self.outstanding().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

    use super::*;

    fn counted() -> Salts {
        let next = AtomicU64::new(0);
        Salts::drawn_from(move || {
            let mut octets = [0; Salt::OCTETS];
            octets[..8].copy_from_slice(&next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            Ok(octets)
        })
    }

    #[test]
    fn a_salt_is_used_once_also_by_many_at_once() {
        let salts = counted();
        let salt = salts.issue().expect("a salt");
        let successes = AtomicU8::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    if salts.take(&salt).is_ok() {
                        successes.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(successes.into_inner(), 1);
        assert!(salts.take(&Salt::new([7; 32])).is_err());
    }

    #[test]
    fn a_session_has_a_bounded_number_of_salts() {
        let salts = counted();
        let first = salts.issue().expect("a salt");
        for _ in 1..Salts::MAX_OUTSTANDING {
            salts.issue().expect("a salt");
        }
        let refused = salts.issue().expect_err("one too many");
        assert_eq!(refused.code(), Code::SessionLimit);
        salts.take(&first).expect("outstanding");
        salts.issue().expect("there is room again");
    }

    #[test]
    fn random_octets_that_repeat_are_not_random() {
        let salts = Salts::drawn_from(|| Ok([1; 32]));
        salts.issue().expect("a salt");
        assert_eq!(
            salts.issue().expect_err("the same").code(),
            Code::Misconfigured
        );
        let none = Salts::default().issue().expect_err("nothing to draw from");
        assert_eq!(none.code(), Code::Misconfigured);
    }
}
