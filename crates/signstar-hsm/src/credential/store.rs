//! Where the passphrase of one user rests.

use std::fmt;

use nethsm::passphrase::Passphrase;
use serde::Serialize;

use super::{BadCredential, SecretFile, text};

/// Which of the two passphrases that are stored for a user while it is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The one that clients try first.
    Current,
    /// The newer one, which they try when the device does not know the other.
    New,
}

/// Where the passphrase of one user rests and, while it is changed, a newer one beside it.
///
/// An implementation promises that what a call has stored outlives a power failure right after it,
/// and that one in the middle of it leaves what was there.
pub trait CredentialStore: fmt::Debug + Send + Sync {
    /// A passphrase, if it is there.
    fn read(&self, which: Which) -> Result<Option<Passphrase>, BadCredential>;
    /// Stores a passphrase.
    fn write(&self, which: Which, passphrase: &Passphrase) -> Result<(), BadCredential>;
    /// The newer one takes the place of the current one. Without a newer one nothing happens.
    fn promote(&self) -> Result<(), BadCredential>;
    /// Drops the newer one.
    fn drop_new(&self) -> Result<(), BadCredential>;
}

/// In a file, and a newer one in a file beside it with `.new` behind its name.
impl CredentialStore for SecretFile {
    fn read(&self, which: Which) -> Result<Option<Passphrase>, BadCredential> {
        let content = match which {
            Which::Current => self.read_secret()?,
            Which::New => self.beside(".new").read_secret()?,
        };
        content.map(|content| text(&content)).transpose()
    }

    fn write(&self, which: Which, passphrase: &Passphrase) -> Result<(), BadCredential> {
        let secret = passphrase.expose().as_bytes();
        match which {
            Which::Current => self.write_secret(secret),
            Which::New => self.beside(".new").write_secret(secret),
        }
    }

    fn promote(&self) -> Result<(), BadCredential> {
        self.beside(".new").replace(self)
    }

    fn drop_new(&self) -> Result<(), BadCredential> {
        self.beside(".new").remove()
    }
}
