//! What is wrong with a log.

use std::fmt;

use serde::Serialize;
use signstar::log::{Tile, Tiles as _};

use crate::source::{Source, SourceError};

/// How many are kept; the others are counted.
const KEPT: usize = 100;

/// One thing that is not as it must be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finding {
    /// A file is not what follows from the entries.
    Tile(Tile),
    /// A file is not there.
    Missing(Tile),
    /// An entry is none, for this reason.
    Entry(u64, String),
    /// The signature in an entry does not verify, for this reason.
    Signature(u64, String),
    /// The tiles belong together, and the root in the checkpoint is another.
    Root,
    /// A file has no business there.
    Stray(String),
}

/// Things that are wrong: the first hundred, and how many there are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    #[serde(rename = "first")]
    pub kept: Vec<Finding>,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(finding);
        }
    }

    /// Reads the file of `tile`. One that is not there, or that is too long, is a
    /// finding.
    pub(super) fn read(
        &mut self,
        source: &Source,
        tile: Tile,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        self.take(tile, source.tile(tile))
    }

    /// The same of a file that was `read`.
    pub(super) fn take<T>(
        &mut self,
        tile: Tile,
        read: Result<T, SourceError>,
    ) -> Result<Option<T>, SourceError> {
        match read {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.is_absence() => {
                self.push(Finding::Missing(tile));
                Ok(None)
            }
            Err(error) if error.is_excess() => {
                self.push(Finding::Tile(tile));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tile(tile) => write!(f, "{tile} is not what follows from the entries"),
            Self::Missing(tile) => write!(f, "{tile} is missing"),
            Self::Entry(index, reason) => write!(f, "entry {index} is none: {reason}"),
            Self::Signature(index, reason) => {
                write!(
                    f,
                    "the signature in entry {index} does not verify: {reason}"
                )
            }
            Self::Root => f.write_str("the entries have another root than the checkpoint states"),
            Self::Stray(path) => write!(f, "{path} is not a file of the log as it is now"),
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
