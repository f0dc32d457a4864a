//! A witness: it cosigns checkpoints of logs, as long as each only grows (C2SP `tlog-witness`).

mod http;
mod submission;

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use signstar::log::{
    Algorithm, Checkpoint, Edge, Head, KeyName, NotACheckpoint, NoteSignature, SignedCheckpoint,
    VerifierKey, consistency,
};

use crate::{
    FileKey, StorageError,
    durable::{self, OnPath, Readers},
    folder::MAX_CHECKPOINT,
};
pub use http::Service;
use submission::Submission;

/// Who cosigns, and what it has cosigned so far: the newest checkpoint of each log, in a file of a
/// folder of its own.
#[derive(Debug)]
pub struct Witness {
    key: FileKey,
    logs: BTreeMap<KeyName, Vec<VerifierKey>>,
    folder: PathBuf,
    /// Comparing with what was seen before and remembering the new are one step.
    turn: Mutex<()>,
    _lock: File,
}

/// What a witness says of a checkpoint.
#[derive(Debug)]
pub enum Answer {
    /// It is the newest of its log, and continues all that was seen before (status 200).
    Cosigned(NoteSignature),
    /// The question is none (400).
    Malformed,
    /// The log is not one of those that are watched (404).
    UnknownLog,
    /// Its key has not signed it (403).
    NotSigned,
    /// What was cosigned last has this size, or this size and another root (409).
    Conflict(u64),
    /// The proof does not show that it continues that (422).
    NotConsistent,
    /// What was cosigned cannot be read or remembered (500).
    Storage(Trouble),
}

/// What the disk of a witness refuses.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The disk itself.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What was remembered is not a checkpoint of that log any more.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: NotACheckpoint,
    },
}

/// Why there is no witness.
#[derive(Debug, thiserror::Error)]
pub enum NoWitness {
    /// The disk refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Somebody else has the folder.
    #[error("another witness remembers in {}", .0.display())]
    Locked(PathBuf),
    /// A log signs with something else.
    #[error("the key of {0} is not one that signs checkpoints (type 0x01)")]
    Key(KeyName),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl NoWitness {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Storage(_) => "check space and permissions",
            Self::Locked(_) => "one witness, one folder: stop the other first",
            Self::Key(_) => {
                "give the verifier key of the log, as `signstar-log key show` prints it"
            }
            Self::Listen { .. } => "see who else listens there",
        }
    }
}

impl Witness {
    /// Who cosigns with `key` what `logs` sign, and remembers it in `folder`.
    pub fn open(key: FileKey, logs: &[VerifierKey], folder: &Path) -> Result<Self, NoWitness> {
        let mut known: BTreeMap<KeyName, Vec<VerifierKey>> = BTreeMap::new();
        for log in logs {
            if log.algorithm() != Algorithm::Ed25519 {
                return Err(NoWitness::Key(log.name().clone()));
            }
            known
                .entry(log.name().clone())
                .or_default()
                .push(log.clone());
        }
        durable::create_folder(folder, Readers::Owner)?;
        let path = folder.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .on("open", &path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NoWitness::Locked(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(source).on("lock", &path)?,
        }
        Ok(Self {
            key,
            logs: known,
            folder: folder.to_owned(),
            turn: Mutex::new(()),
            _lock: lock,
        })
    }

    /// What its cosignatures verify with.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Answers the body of an `add-checkpoint` at `now`, in seconds since 1970-01-01 00:00 UTC.
    ///
    /// What is cosigned is remembered, durably, before this returns.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Answer {
        let Some(Submission { old, proof, note }) = Submission::parse(body) else {
            return Answer::Malformed;
        };
        let Ok(alleged) = note.text().parse::<Checkpoint>() else {
            return Answer::Malformed;
        };
        let name = KeyName::new(alleged.origin()).ok();
        let Some(keys) = name.as_ref().and_then(|name| self.logs.get(name)) else {
            return Answer::UnknownLog;
        };
        let mut signed = keys.iter().filter_map(|key| {
            SignedCheckpoint::verify(note.clone(), key)
                .ok()
                .zip(Some(key))
        });
        let Some((checkpoint, key)) = signed.next() else {
            return Answer::NotSigned;
        };
        let head = *checkpoint.head();
        if old > head.size {
            return Answer::Malformed;
        }
        // Who panicked has remembered a checkpoint or not.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(alleged.origin());
        let seen = match seen(&path, keys) {
            Ok(seen) => seen,
            Err(trouble) => return Answer::Storage(trouble),
        };
        if old != seen.size || (old == head.size && seen != head) {
            return Answer::Conflict(seen.size);
        }
        if consistency::verify(&seen, &head, &proof).is_err() {
            return Answer::NotConsistent;
        }
        let checkpoint = checkpoint.without_cosignatures(key);
        let Some(line) = self.key.cosign(note.text(), now) else {
            return Answer::Malformed;
        };
        let Ok(cosigned) = checkpoint.with(std::slice::from_ref(&line)) else {
            return Answer::Malformed;
        };
        let octets = cosigned.note().to_string();
        match durable::write(&path, octets.as_bytes(), Readers::Everybody) {
            Ok(()) => Answer::Cosigned(line),
            Err(error) => Answer::Storage(error.into()),
        }
    }

    /// Where the newest checkpoint of the log `origin` is remembered.
    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(hex::encode(Sha256::digest(origin)))
    }
}

/// The head of the log that is remembered at `path`: that of an empty one if it is new.
fn seen(path: &Path, keys: &[VerifierKey]) -> Result<Head, Trouble> {
    let Some(octets) = durable::read(path, MAX_CHECKPOINT)? else {
        return Ok(Edge::new().head());
    };
    let mut damage = None;
    for key in keys {
        match SignedCheckpoint::open(&octets, key) {
            Ok(checkpoint) => return Ok(*checkpoint.head()),
            Err(reason) => damage = Some(reason),
        }
    }
    match damage {
        Some(reason) => Err(Trouble::Damaged {
            path: path.to_owned(),
            reason,
        }),
        None => Ok(Edge::new().head()),
    }
}
