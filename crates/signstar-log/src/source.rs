//! Where a log is read from: a folder or an address.

use std::{fmt, io, path::Path};

use signstar::log::{
    Checkpoint, InvalidCheckpoint, InvalidNote, Note, Policy, SignedCheckpoint, Tile, Tiles,
    Unacceptable,
};

use crate::{Folder, StorageError, remote::Remote};

pub use crate::remote::RemoteError;

/// The files of a log, of which nothing is believed.
#[derive(Clone, Debug)]
pub struct Source(Place);

#[derive(Clone, Debug)]
enum Place {
    Folder(Folder),
    Remote(Remote),
}

/// Why a file of a log cannot be had. It says nothing about the log.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The disk refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The web server refuses, or cannot be reached.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// Why there is no checkpoint to begin with.
#[derive(Debug, thiserror::Error)]
pub enum NoCheckpoint {
    /// It cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is none.
    #[error("there is no log at {0}: it has no file `checkpoint`")]
    Absent(String),
    /// It is no signed note.
    #[error("the checkpoint is not one: {0}")]
    Note(#[from] InvalidNote),
    /// It is a note, and no checkpoint.
    #[error("the checkpoint is not one: {0}")]
    Malformed(#[from] InvalidCheckpoint),
    /// It is not signed by those who have to sign it.
    #[error("the checkpoint does not verify: {0}")]
    NotVerified(#[from] Unacceptable),
}

impl SourceError {
    /// Whether the file is not there; else nothing is known about it.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Storage(error) => error.source.kind() == io::ErrorKind::NotFound,
            Self::Remote(RemoteError::Status { status, .. }) => *status == 404,
            Self::Remote(_) => false,
        }
    }

    /// Whether the file is there and longer than any such file can be.
    pub fn is_excess(&self) -> bool {
        match self {
            Self::Storage(error) => error.source.kind() == io::ErrorKind::FileTooLarge,
            Self::Remote(error) => matches!(error, RemoteError::TooLong { .. }),
        }
    }
}

impl NoCheckpoint {
    /// Whether the log was read and is wrong; else it could not be read.
    pub fn is_wrong(&self) -> bool {
        !matches!(self, Self::Source(_) | Self::Absent(_))
    }
}

impl Source {
    /// The log at `place`: an address with `http://` or `https://`, else a folder. Nothing is
    /// read yet.
    pub fn new(place: &str) -> Result<Self, SourceError> {
        let is_address = place.starts_with("http://") || place.starts_with("https://");
        Ok(Self(if is_address {
            Place::Remote(Remote::new(place)?)
        } else {
            Place::Folder(Folder::new(place))
        }))
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(folder) => Some(folder.path()),
            Place::Remote(_) => None,
        }
    }

    /// The checkpoint, which proves nothing before it is verified.
    pub fn note(&self) -> Result<Note, NoCheckpoint> {
        let octets = match &self.0 {
            Place::Folder(folder) => folder.checkpoint().map_err(SourceError::from)?,
            Place::Remote(remote) => remote.checkpoint().map_err(SourceError::from)?,
        };
        let octets = octets.ok_or_else(|| NoCheckpoint::Absent(self.to_string()))?;
        Ok(Note::parse(&octets)?)
    }

    /// The checkpoint, signed as `policy` demands.
    pub fn checkpoint(&self, policy: &Policy) -> Result<SignedCheckpoint, NoCheckpoint> {
        Ok(policy.check(&self.note()?)?)
    }

    /// The checkpoint as it says itself, whoever signed it.
    pub fn alleged_checkpoint(&self) -> Result<Checkpoint, NoCheckpoint> {
        Ok(self.note()?.text().parse()?)
    }
}

impl Source {
    /// Reads the file of `tile` in place of what was in `octets`, unless it has more than `limit`
    /// ([`SourceError::is_excess`]).
    pub(crate) fn tile_into(
        &self,
        tile: Tile,
        limit: u64,
        octets: &mut Vec<u8>,
    ) -> Result<(), SourceError> {
        match &self.0 {
            Place::Folder(folder) => folder.tile_into(tile, limit, octets)?,
            Place::Remote(remote) => remote.tile_into(tile, limit, octets)?,
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Folder(folder) => folder.path().display().fmt(f),
            Place::Remote(remote) => remote.fmt(f),
        }
    }
}

impl Tiles for Source {
    type Error = SourceError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, SourceError> {
        Ok(match &self.0 {
            Place::Folder(folder) => folder.tile(tile)?,
            Place::Remote(remote) => remote.tile(tile)?,
        })
    }
}
