//! The last checkpoint that was seen, and evidence.

use std::path::{Path, PathBuf};

use signstar::log::{Note, Policy, SignedCheckpoint};

use super::CannotWatch;
use crate::durable::{self, Readers, StorageError};

/// The longest note.
const LIMIT: u64 = 1 << 18;

/// A file with the checkpoint that was seen last, as its log signed it.
#[derive(Clone, Debug)]
pub struct Memory(PathBuf);

impl Memory {
    /// The file `path`. Nothing is read or written yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder in which checkpoints that contradict each other are kept: `FILE.evidence`.
    pub fn evidence(&self) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(".evidence");
        path.into()
    }

    /// What was seen last; nothing the first time.
    pub(super) fn recall(&self, policy: &Policy) -> Result<Option<SignedCheckpoint>, CannotWatch> {
        let Some(octets) = durable::read(&self.0, LIMIT)? else {
            return Ok(None);
        };
        let bad = |error: &dyn std::error::Error| CannotWatch::Remembered(error.to_string());
        let note = Note::parse(&octets).map_err(|error| bad(&error))?;
        let signed = policy.check(&note).map_err(|error| bad(&error))?;
        Ok(Some(signed))
    }

    pub(super) fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), StorageError> {
        store(&self.0, checkpoint)
    }

    /// Keeps two checkpoints that contradict each other.
    pub(super) fn accuse(
        &self,
        before: &SignedCheckpoint,
        now: &SignedCheckpoint,
    ) -> Result<(), StorageError> {
        for checkpoint in [before, now] {
            let head = checkpoint.head();
            let root = hex::encode(head.root.as_octets());
            let name = format!("{}-{root}", head.size);
            store(&self.evidence().join(name), checkpoint)?;
        }
        Ok(())
    }
}

fn store(path: &Path, checkpoint: &SignedCheckpoint) -> Result<(), StorageError> {
    let note = checkpoint.note().to_string();
    durable::write(path, note.as_bytes(), Readers::Everybody)
}
