//! A log watched over time: that it only grows.

mod memory;
mod repository;

use serde::Serialize;
use signstar::log::{CannotRead, Policy, Reader, SignedCheckpoint};

pub use memory::Memory;
pub use repository::{Difference, Mismatch, Repository};

use crate::{
    StorageError,
    listing::{self, Order, Row},
    source::{NoCheckpoint, Source, SourceError},
};

/// How many new entries are named; the others are counted.
const NAMED: usize = 1000;

/// How a log compares with what it was. Nothing of it is remembered yet.
#[derive(Debug)]
pub struct Watched {
    /// The checkpoint of now.
    pub now: SignedCheckpoint,
    /// What is known.
    pub state: Verdict,
    before: Option<SignedCheckpoint>,
}

/// What became of a log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is seen for the first time.
    First,
    /// It is as it was.
    Same,
    /// It has further entries behind the ones it had.
    Grown {
        /// How many.
        count: u64,
        /// The first thousand of them.
        entries: Vec<Row>,
    },
    /// It is shorter than it was: entries are withheld, or it was set back.
    RolledBack {
        /// How many entries it had.
        size: u64,
    },
    /// Its key signed two logs that do not continue each other.
    Forked {
        /// How many entries the older one had.
        size: u64,
    },
}

/// Why nothing is known about a log.
#[derive(Debug, thiserror::Error)]
pub enum CannotWatch {
    /// There is no checkpoint that verifies.
    #[error(transparent)]
    Checkpoint(#[from] NoCheckpoint),
    /// What was remembered cannot be read, or cannot be written.
    #[error(transparent)]
    Memory(#[from] StorageError),
    /// What was remembered is no checkpoint that verifies.
    #[error("what was remembered is no checkpoint of this log: {0}")]
    Remembered(String),
    /// A tile cannot be had or does not belong to the checkpoint.
    #[error(transparent)]
    Tiles(#[from] CannotRead<SourceError>),
}

impl CannotWatch {
    /// Whether the log was read and is wrong; else it could not be read.
    pub fn is_wrong(&self) -> bool {
        match self {
            Self::Checkpoint(error) => error.is_wrong(),
            Self::Tiles(CannotRead::Missing { source, .. }) => {
                source.is_absence() || source.is_excess()
            }
            Self::Tiles(_) => true,
            Self::Memory(_) | Self::Remembered(_) => false,
        }
    }
}

impl Verdict {
    /// Whether the log did what no log may.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::RolledBack { .. } | Self::Forked { .. })
    }
}

impl Watched {
    /// Remembers the checkpoint if it continues the one before. If it does not, the memory stays, and
    /// both are kept as evidence.
    ///
    /// What was not remembered is told again the next time: tell somebody first.
    pub fn remember(&self, memory: &Memory) -> Result<(), StorageError> {
        match &self.before {
            Some(before) if self.state.is_wrong() => memory.accuse(before, &self.now),
            Some(before) if before.note() == self.now.note() => Ok(()),
            _ => memory.remember(&self.now),
        }
    }
}

/// Compares the log at `source` with the checkpoint in `memory`.
pub fn watch(source: &Source, policy: &Policy, memory: &Memory) -> Result<Watched, CannotWatch> {
    let before = memory.recall(policy)?;
    let now = source.checkpoint(policy)?;
    let state = match &before {
        None => {
            // That the tiles belong to it.
            Reader::open(source, *now.head())?;
            Verdict::First
        }
        Some(before) => judge(source, before, &now)?,
    };
    Ok(Watched { now, state, before })
}

fn judge(
    source: &Source,
    before: &SignedCheckpoint,
    now: &SignedCheckpoint,
) -> Result<Verdict, CannotRead<SourceError>> {
    let size = before.head().size;
    let head = *now.head();
    if head.size < size {
        return Ok(Verdict::RolledBack { size });
    }
    if head.size == size {
        let same = head == *before.head();
        return Ok(if same {
            Verdict::Same
        } else {
            Verdict::Forked { size }
        });
    }
    let mut reader = Reader::open(source, head)?;
    // The reader has checked every hash that this follows from: that is the consistency proof.
    if reader.root_at(size)? != before.head().root {
        return Ok(Verdict::Forked { size });
    }
    let mut entries = Vec::new();
    listing::each(
        &mut reader,
        size..head.size,
        Order::OldestFirst,
        |index, entry| {
            entries.push(Row::new(index, entry));
            entries.len() < NAMED
        },
    )?;
    Ok(Verdict::Grown {
        count: head.size - size,
        entries,
    })
}
