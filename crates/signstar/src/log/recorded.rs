//! An entry that is in the log, and the proof of it.

use super::{Entry, InvalidEntry, InvalidProof, NotLogged, Policy, Proof, Unacceptable};

/// An entry with a proof that verified.
///
/// Only [`Recorded::check`] makes one.
#[derive(Clone, Debug)]
pub struct Recorded {
    entry: Entry,
    proof: String,
    origin: String,
    index: u64,
}

/// A proof that shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// Not a proof.
    #[error(transparent)]
    Proof(#[from] InvalidProof),
    /// The entry in it is not in a log that counts.
    #[error(transparent)]
    NotLogged(#[from] NotLogged),
    /// What is in the log is not an entry.
    #[error(transparent)]
    Entry(#[from] InvalidEntry),
}

impl NotRecorded {
    /// Whether all that is missing is witnesses: another proof of the same entry may have them later.
    pub fn may_come(&self) -> bool {
        matches!(
            self,
            Self::NotLogged(NotLogged::Checkpoint(Unacceptable::NoQuorum))
        )
    }
}

impl Recorded {
    /// Reads a proof (C2SP `tlog-proof`) with its entry, which has to be in a log that `policy`
    /// accepts.
    pub fn check(text: &str, policy: &Policy) -> Result<Self, NotRecorded> {
        let proof = Proof::parse(text.as_bytes())?;
        let (entry, checkpoint) = proof.entry(policy)?;
        Ok(Self {
            entry: Entry::parse(entry)?,
            origin: checkpoint.checkpoint().origin().to_owned(),
            index: proof.index(),
            proof: text.to_owned(),
        })
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The text of the proof.
    pub fn proof(&self) -> &str {
        &self.proof
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of the entry in the log.
    pub fn index(&self) -> u64 {
        self.index
    }
}
