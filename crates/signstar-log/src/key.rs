//! The key that signs checkpoints, and nothing else.

use std::{
    error::Error,
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use signstar::log::{Algorithm, InvalidKey, KeyName, VerifierKey};
use zeroize::Zeroizing;

use crate::durable::{self, OnPath, StorageError};

/// The first word of a file with a key.
const LABEL: &str = "signstar-log-key-v1";
/// The longest file with a key, in octets.
const MAX_OCTETS: u64 = 1024;

/// What signs checkpoints, wherever it is.
///
/// An implementation promises to return one Ed25519 signature over the octets, to give up after a
/// bounded time, and to keep everything secret out of its errors. What it returns is verified.
pub trait CheckpointKey: fmt::Debug + Send {
    /// What the signatures verify with.
    fn verifier(&self) -> &VerifierKey;

    /// Signs these octets (RFC 8032 §5.1.6): 64 octets.
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

/// A key in a file that only its owner can read.
pub struct FileKey {
    verifier: VerifierKey,
    pair: Ed25519KeyPair,
}

/// Why a file is not a key to sign checkpoints with. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// The file cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is a file of that name.
    #[error("{} exists, and a key is never replaced", .0.display())]
    Exists(PathBuf),
    /// Others can read it.
    #[error("others may read {path} (mode {1:03o}); its mode must be 600 or 400", path = .0.display())]
    Mode(PathBuf, u32),
    /// It is not one line with label, name and key.
    #[error("{} is not a file that `signstar-log key generate` made", .0.display())]
    Malformed(PathBuf),
    /// The name is none.
    #[error(transparent)]
    Name(#[from] InvalidKey),
    /// There is no randomness.
    #[error("the system has no random octets")]
    Random,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKey")
            .field("verifier", &self.verifier.to_string())
            .finish_non_exhaustive()
    }
}

impl FileKey {
    /// Makes a key for the log `origin` and writes it to a new file of mode 600.
    pub fn generate(path: &Path, origin: &KeyName) -> Result<Self, BadKey> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| BadKey::Random)?;
        let key = Self::from_seed(origin.clone(), &*seed)
            .ok_or_else(|| BadKey::Malformed(path.to_owned()))?;
        let mut text = Zeroizing::new(String::with_capacity(512));
        text.push_str(LABEL);
        for word in [
            origin.as_str(),
            &Zeroizing::new(BASE64_STANDARD.encode(*seed)),
        ] {
            text.push(' ');
            text.push_str(word);
        }
        text.push('\n');
        // Made under its own name: of two who do so at once, one fails.
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        let mut file = match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BadKey::Exists(path.to_owned()));
            }
            created => created.on("create", path)?,
        };
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        if written.is_err() {
            // Half a key is none.
            let _ = fs::remove_file(path);
        }
        written.on("write", path)?;
        Ok(key)
    }

    /// Reads the key in the file `path`.
    pub fn read(path: &Path) -> Result<Self, BadKey> {
        let malformed = || BadKey::Malformed(path.to_owned());
        let mode = fs::metadata(path).on("read", path)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(BadKey::Mode(path.to_owned(), mode));
        }
        let octets = durable::read(path, MAX_OCTETS)?.ok_or_else(malformed)?;
        let octets = Zeroizing::new(octets);
        let text = str::from_utf8(&octets).map_err(|_| malformed())?;
        let mut words = text.strip_suffix('\n').unwrap_or(text).split(' ');
        let (Some(LABEL), Some(name), Some(seed), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed());
        };
        let seed = BASE64_STANDARD.decode(seed).map_err(|_| malformed())?;
        let seed = Zeroizing::new(seed);
        Self::from_seed(KeyName::new(name)?, &seed).ok_or_else(malformed)
    }

    fn from_seed(name: KeyName, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref();
        let verifier = VerifierKey::new(name, Algorithm::Ed25519, public).ok()?;
        Some(Self { verifier, pair })
    }
}

impl CheckpointKey for FileKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(self.pair.sign(octets).as_ref().to_vec())
    }
}
