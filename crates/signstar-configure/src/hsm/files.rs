//! What this host keeps of a key: its OpenPGP certificate, or its public half.

use std::{
    error::Error as StdError,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use signstar::{
    config::{Hsm, Key, KeyType},
    sign::{Certificate, PublicKey, Terms},
};
use signstar_hsm::{Conduct, Event, Hurry, Witness};

use super::{HsmError, known::write, places};

/// A card needs some seconds for a signature.
const SIGNATURE: Duration = Duration::from_secs(15);

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum FileStep {
    /// Makes an OpenPGP certificate for a key, and keeps it on this host.
    Certify {
        /// The label of the key.
        key: String,
        /// The user IDs, the primary one first.
        user_ids: Vec<String>,
    },
    /// Writes the public half of a key to a file.
    WritePublicKey {
        /// The label of the key.
        key: String,
        /// The file.
        file: PathBuf,
    },
}

/// Why a key, and what is kept of it, cannot be what the configuration says.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum KeyRefusal {
    /// A key is missing that nobody described.
    #[error(
        "there is no key `{key}` in it; say its `type` in the configuration, or make it yourself"
    )]
    NoKey {
        /// The label of the key.
        key: String,
    },
    /// A key is not what it is to be. It is not replaced.
    #[error(
        "key `{key}` is {found}, not {wanted}; a key is never replaced: name another one, or delete it \
         yourself"
    )]
    KeyKind {
        /// The label of the key.
        key: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A key cannot be used.
    #[error("key `{key}`: {why}")]
    Key {
        /// The label of the key.
        key: String,
        /// Why.
        why: String,
    },
    /// A file is of another key.
    #[error("{} is not of key `{key}` in it; move it away, or name another one", file.display())]
    OtherFile {
        /// The label of the key.
        key: String,
        /// The file.
        file: PathBuf,
    },
}

/// What came of comparing.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) steps: Vec<FileStep>,
    pub(super) refusals: Vec<KeyRefusal>,
    pub(super) notes: Vec<String>,
}

impl FileStep {
    /// The label of the key that the file is about.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Certify { key, .. } | Self::WritePublicKey { key, .. } => key,
        }
    }
}

impl fmt::Display for FileStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certify { key, user_ids } => write!(
                f,
                "make an OpenPGP certificate of key `{key}` for {}",
                user_ids.join(", ")
            ),
            Self::WritePublicKey { key, file } => {
                write!(
                    f,
                    "write the public half of key `{key}` to {}",
                    file.display()
                )
            }
        }
    }
}

/// Compares a key with what it is to be, if it is there, and the files about it with the key.
pub(super) fn compare(key: &Key, found: Option<&PublicKey>) -> Result<Compared, HsmError> {
    let label = key.id.to_string();
    let mut compared = Compared::default();
    let refused = match (found, key.key_type) {
        (None, None) => Some(KeyRefusal::NoKey { key: label.clone() }),
        (Some(found), Some(wanted)) if !is_of(found, wanted) => Some(KeyRefusal::KeyKind {
            key: label.clone(),
            found: kind(found),
            wanted: wanted.to_string(),
        }),
        _ => None,
    };
    compared.refusals.extend(refused);
    if let Some(file) = &key.certificate {
        let public = |octets: &[u8]| Certificate::parse(octets).ok()?.public_key();
        match is_its(file, found, public)? {
            Some(true) => {}
            Some(false) => compared.refusals.push(other_file(&label, file)),
            None if key.user_ids.is_empty() => compared.notes.push(format!(
                "{} is missing, and without `user-ids` it is not made here",
                file.display()
            )),
            None => compared.steps.push(FileStep::Certify {
                key: label.clone(),
                user_ids: key.user_ids.clone(),
            }),
        }
    }
    if let Some(file) = &key.public_key {
        let public = |octets: &[u8]| PublicKey::from_pem(std::str::from_utf8(octets).ok()?).ok();
        match is_its(file, found, public)? {
            Some(true) => {}
            Some(false) => compared.refusals.push(other_file(&label, file)),
            None => compared.steps.push(FileStep::WritePublicKey {
                key: label,
                file: file.clone(),
            }),
        }
    }
    Ok(compared)
}

/// Writes a file about `key`, whose public half is `public`.
pub(super) fn write_about(
    step: &FileStep,
    key: &Key,
    hsm: &Hsm,
    public: &PublicKey,
) -> Result<(), Box<dyn StdError + Send + Sync>> {
    match (step, &key.certificate) {
        (FileStep::Certify { .. }, Some(file)) => {
            let certificate = certified(key, hsm, public)?;
            keep(file, &certificate)?;
        }
        (FileStep::Certify { .. }, None) => {}
        (FileStep::WritePublicKey { file, .. }, _) => keep(file, public.to_pem()?.as_bytes())?,
    }
    Ok(())
}

/// Signs a certificate with the key itself, as everybody will who signs with it.
fn certified(
    key: &Key,
    hsm: &Hsm,
    public: &PublicKey,
) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>> {
    let conduct = Conduct {
        public_key: Some(public.clone()),
        patience: SIGNATURE,
        connections: 1,
        hurry: Arc::new(Hurry::default()),
        state: None,
        witness: Arc::new(Nobody),
    };
    let signer = signstar_hsm::open(key, hsm, conduct)?;
    let ids: Vec<_> = key.user_ids.iter().map(String::as_str).collect();
    let terms = Terms {
        expires: key.expires,
        ..Terms::default()
    };
    let now = SystemTime::now();
    let certificate = Certificate::issue_with(public, &ids, &terms, now, &*signer)?;
    Ok(certificate.to_octets()?)
}

/// Nobody listens while an HSM is set up: what goes wrong is told by whoever asked for it.
#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

/// Writes a file that everybody may read, as a whole.
pub(super) fn keep(file: &Path, octets: &[u8]) -> Result<(), HsmError> {
    places::make_folder_of(file)?;
    write(file, octets, 0o644, None).map_err(HsmError::file(file))
}

fn other_file(key: &str, file: &Path) -> KeyRefusal {
    KeyRefusal::OtherFile {
        key: key.to_owned(),
        file: file.to_owned(),
    }
}

/// Whether the file is of the key that was found; nothing if there is no file.
fn is_its(
    file: &Path,
    found: Option<&PublicKey>,
    public: impl FnOnce(&[u8]) -> Option<PublicKey>,
) -> Result<Option<bool>, HsmError> {
    let octets = match fs::read(file) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HsmError::file(file)(error)),
    };
    let is_its = found.zip(public(&octets));
    Ok(Some(
        is_its.is_some_and(|(one, other)| one.is_same_as(&other)),
    ))
}

fn is_of(key: &PublicKey, wanted: KeyType) -> bool {
    let rsa =
        |bits: usize| matches!(key, PublicKey::Rsa { modulus, .. } if octets(modulus) * 8 == bits);
    match wanted {
        KeyType::Curve25519 => matches!(key, PublicKey::Ed25519(_)),
        KeyType::EcP256 => matches!(key, PublicKey::P256(_)),
        KeyType::EcP384 => matches!(key, PublicKey::P384(_)),
        KeyType::EcP521 => matches!(key, PublicKey::P521(_)),
        KeyType::Rsa2048 => rsa(2048),
        KeyType::Rsa3072 => rsa(3072),
        KeyType::Rsa4096 => rsa(4096),
    }
}

/// What it is called.
fn kind(key: &PublicKey) -> String {
    match key {
        PublicKey::Ed25519(_) => KeyType::Curve25519.to_string(),
        PublicKey::P256(_) => KeyType::EcP256.to_string(),
        PublicKey::P384(_) => KeyType::EcP384.to_string(),
        PublicKey::P521(_) => KeyType::EcP521.to_string(),
        PublicKey::Rsa { modulus, .. } => format!("RSA{}", octets(modulus) * 8),
    }
}

/// The octets of a number without zeros before it.
fn octets(number: &[u8]) -> usize {
    number.iter().skip_while(|octet| **octet == 0).count()
}
