//! Passphrases, and the credentials made of them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::UserId;

/// A passphrase: cannot be printed, copied or compared, and is erased on drop.
///
/// Any text: what already exists need not meet today's rule. Use [`Passphrase::fresh`] for
/// one that is to be set.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// The fewest bytes of a passphrase that is to be set.
    pub const MIN: usize = 10;
    /// The most bytes of a passphrase that is to be set.
    pub const MAX: usize = 200;

    /// A passphrase that exists already, to log in or to unlock with.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// A passphrase that is to be set.
    ///
    /// # Errors
    ///
    /// [`BadPassphrase`] unless it has [`Self::MIN`] to [`Self::MAX`] bytes.
    pub fn fresh(text: String) -> Result<Self, BadPassphrase> {
        let passphrase = Self(text);
        passphrase.check()?;
        Ok(passphrase)
    }

    /// Asks whether the device would let this passphrase be set.
    ///
    /// # Errors
    ///
    /// [`BadPassphrase`] unless it has [`Self::MIN`] to [`Self::MAX`] bytes.
    pub fn check(&self) -> Result<(), BadPassphrase> {
        if (Self::MIN..=Self::MAX).contains(&self.0.len()) {
            Ok(())
        } else {
            Err(BadPassphrase)
        }
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A passphrase that is to be set is too short or too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a passphrase has {} to {} bytes", Passphrase::MIN, Passphrase::MAX)]
pub struct BadPassphrase;

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// For the wire only.
impl Serialize for Passphrase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Any length: the server answers about the length in its own words.
impl<'de> Deserialize<'de> for Passphrase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Who asks, and how they prove it.
#[derive(Debug)]
pub struct Credentials {
    /// The user.
    pub user: UserId,
    /// Their passphrase.
    pub passphrase: Passphrase,
}

impl Credentials {
    /// The credentials of `user`.
    pub fn new(user: UserId, passphrase: Passphrase) -> Self {
        Self { user, passphrase }
    }
}
