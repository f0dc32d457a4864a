//! All that is needed to check offline that an entry is in a log (C2SP `tlog-proof`).

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Hash, InvalidNote, Note, Policy, SignedCheckpoint, Unacceptable,
    inclusion::{self, NotIncluded},
};

/// The longest proof that is read, in octets.
const MAX_OCTETS: usize = 1 << 19;
/// The most hashes from a leaf to a root: the logarithm of [`MAX_SIZE`](super::MAX_SIZE).
const MAX_HASHES: usize = 63;
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Octets that are not a proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidProof {
    /// More than 512 KiB.
    #[error("the proof has more than 524288 octets")]
    TooLarge,
    /// Not the lines of a proof.
    #[error("not a proof as `c2sp.org/tlog-proof@v1` has it")]
    Malformed,
    /// What follows the proof is not a checkpoint.
    #[error("the checkpoint of the proof is malformed")]
    Checkpoint(#[from] InvalidNote),
}

/// Why an entry does not count as logged.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotLogged {
    /// The checkpoint does not do.
    #[error(transparent)]
    Checkpoint(#[from] Unacceptable),
    /// The hashes do not lead from the entry to the checkpoint.
    #[error(transparent)]
    NotIncluded(#[from] NotIncluded),
    /// The proof does not say what the entry is.
    #[error("the proof does not contain the entry")]
    NoEntry,
}

/// An index, an inclusion proof and a checkpoint, of which nothing is believed yet.
///
/// One proof has one spelling: what [`Proof::parse`] accepts, [`fmt::Display`] writes again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: Note,
}

impl Proof {
    /// Says that `entry` is number `index` of the log with this checkpoint, because of `hashes`
    /// (see [`inclusion::prove`]). The entry becomes the extra data of the proof.
    pub fn new(entry: &[u8], index: u64, hashes: Vec<Hash>, checkpoint: &SignedCheckpoint) -> Self {
        Self {
            extra: (!entry.is_empty()).then(|| entry.to_vec()),
            index,
            hashes,
            checkpoint: checkpoint.note().clone(),
        }
    }

    /// Reads a file `*.proof`.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidProof> {
        if octets.len() > MAX_OCTETS {
            return Err(InvalidProof::TooLarge);
        }
        let text = str::from_utf8(octets).map_err(|_| InvalidProof::Malformed)?;
        let (lines, checkpoint) = text.split_once("\n\n").ok_or(InvalidProof::Malformed)?;
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        let proof = Self::from_lines(lines, checkpoint).ok_or(InvalidProof::Malformed)?;
        // A number is written in one way only.
        if proof.to_string() == text {
            Ok(proof)
        } else {
            Err(InvalidProof::Malformed)
        }
    }

    fn from_lines(lines: &str, checkpoint: Note) -> Option<Self> {
        let mut lines = lines.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return None;
        }
        let mut line = lines.next()?;
        let mut extra = None;
        if let Some(base64) = line.strip_prefix("extra ") {
            let octets = BASE64_STANDARD.decode(base64).ok()?;
            extra = Some(octets).filter(|octets| !octets.is_empty());
            line = lines.next()?;
        }
        let index = line.strip_prefix("index ")?.parse().ok()?;
        let mut hashes = Vec::new();
        for line in lines {
            hashes.push(line.parse().ok()?);
        }
        (hashes.len() <= MAX_HASHES).then_some(Self {
            extra,
            index,
            hashes,
            checkpoint,
        })
    }

    /// The number of the entry in its log, as alleged.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The extra data, as alleged: with us the entry. [`Proof::entry`] gives it once it is proved.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The checkpoint, as alleged.
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Checks that `entry` is in a log that `policy` accepts.
    pub fn verify(&self, entry: &[u8], policy: &Policy) -> Result<SignedCheckpoint, NotLogged> {
        let signed = policy.check(&self.checkpoint)?;
        let leaf = Hash::leaf(entry);
        inclusion::verify(leaf, self.index, signed.head(), &self.hashes)?;
        Ok(signed)
    }

    /// The entry in the proof, which is in a log that `policy` accepts.
    pub fn entry(&self, policy: &Policy) -> Result<(&[u8], SignedCheckpoint), NotLogged> {
        let entry = self.extra().ok_or(NotLogged::NoEntry)?;
        Ok((entry, self.verify(entry, policy)?))
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
