//! The key that signs checkpoints or cosigns them, and nothing else.

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
use signstar::log::{
    Algorithm, Cosignature, InvalidKey, KeyName, NoteSignature, VerifierKey, cosignature_message,
};
use zeroize::Zeroizing;

use crate::durable::{self, OnPath, StorageError};

/// The first word of a file with the key of a log, and of a witness.
const LOG: &str = "signstar-log-key-v1";
const WITNESS: &str = "signstar-witness-key-v1";
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
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing answers, or not now: the same may be signed later.
    #[error("the key cannot be reached")]
    Away(#[source] Box<dyn Error + Send + Sync>),
    /// It does not sign, or not with this key. The log stops.
    #[error("the key does not sign: {0}")]
    Refused(Box<dyn Error + Send + Sync>),
}

/// A key in a file that only its owner can read.
pub struct FileKey {
    verifier: VerifierKey,
    pair: Ed25519KeyPair,
}

/// What a key in a file is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// The checkpoints of a log (type 0x01).
    Log,
    /// Those of others, as their witness (type 0x04).
    Witness,
}

impl Use {
    fn label(self) -> &'static str {
        match self {
            Self::Log => LOG,
            Self::Witness => WITNESS,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Log => Algorithm::Ed25519,
            Self::Witness => Algorithm::CosignatureEd25519,
        }
    }
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
    /// It is a key, but not one for this.
    #[error("{} has a key of the other kind: logs and witnesses have keys of their own", .0.display())]
    OtherUse(PathBuf),
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
        Self::generate_for(path, origin, Use::Log)
    }

    /// The same for the log or the witness `name`.
    pub fn generate_for(path: &Path, name: &KeyName, its_use: Use) -> Result<Self, BadKey> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| BadKey::Random)?;
        let key = Self::from_seed(name.clone(), &*seed, its_use)
            .ok_or_else(|| BadKey::Malformed(path.to_owned()))?;
        let mut text = Zeroizing::new(String::with_capacity(512));
        text.push_str(its_use.label());
        for word in [
            name.as_str(),
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

    /// Reads the key in the file `path`, of a log or of a witness.
    pub fn read_for(path: &Path, its_use: Use) -> Result<Self, BadKey> {
        let key = Self::read(path)?;
        if key.verifier.algorithm() == its_use.algorithm() {
            Ok(key)
        } else {
            Err(BadKey::OtherUse(path.to_owned()))
        }
    }

    /// Reads the key in the file `path`, whatever it is for.
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
        let (Some(label), Some(name), Some(seed), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed());
        };
        let its_use = [Use::Log, Use::Witness]
            .into_iter()
            .find(|one| one.label() == label)
            .ok_or_else(malformed)?;
        let seed = BASE64_STANDARD.decode(seed).map_err(|_| malformed())?;
        let seed = Zeroizing::new(seed);
        Self::from_seed(KeyName::new(name)?, &seed, its_use).ok_or_else(malformed)
    }

    fn from_seed(name: KeyName, seed: &[u8], its_use: Use) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref();
        let verifier = VerifierKey::new(name, its_use.algorithm(), public).ok()?;
        Some(Self { verifier, pair })
    }
}

impl FileKey {
    /// What its signatures verify with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Cosigns a checkpoint that was seen at `time` (C2SP `tlog-cosignature`), in seconds since
    /// 1970-01-01 00:00 UTC. Nothing if it is not the key of a witness.
    pub(crate) fn cosign(&self, text: &str, time: u64) -> Option<NoteSignature> {
        let raw = self.pair.sign(&cosignature_message(text, time));
        let raw = raw.as_ref().to_vec();
        NoteSignature::cosign(&self.verifier, text, &Cosignature { time, raw }).ok()
    }
}

impl CheckpointKey for FileKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.pair.sign(octets).as_ref().to_vec())
    }
}
