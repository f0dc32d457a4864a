//! A log that is complete, and the one that continues it.

use std::path::Path;

use signstar::log::{KeyName, VerifierKey};

use crate::{
    BadKey, FileKey, Folder,
    key::Use,
    serve::{Error, Sequencer, State},
};

/// Why there is no new log, or the old one is not closed. Doing the same again continues.
#[derive(Debug, thiserror::Error)]
pub enum CannotShard {
    /// One of the logs cannot be written.
    #[error(transparent)]
    Log(#[from] Error),
    /// One of the keys cannot be used.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// The new key is that of another log.
    #[error("the new key is one of `{0}`")]
    OtherOrigin(KeyName),
    /// The new log is to have the key or the name of the old one.
    #[error("a new log needs a name and a key of its own")]
    SameLog,
}

/// A log and where it is written.
#[derive(Debug)]
pub struct Place<'a> {
    /// The public folder.
    pub folder: Folder,
    /// The private folder.
    pub state: &'a Path,
    /// The file with the key.
    pub key: &'a Path,
}

/// Closes the log at `old` for good and begins the log `origin` at `new`, with a new key. Returns
/// the verifier key of the new log and the number of entries of the old one.
///
/// The old log gets a file `frozen` with the verifier key of the new one, and nobody appends to
/// it any more. Before that the new one has its first checkpoint.
pub fn shard(
    old: &Place<'_>,
    new: &Place<'_>,
    origin: &KeyName,
) -> Result<(VerifierKey, u64), CannotShard> {
    let old_key = FileKey::read_for(old.key, Use::Log)?;
    if old_key.verifier().name() == origin || old.key == new.key {
        return Err(CannotShard::SameLog);
    }
    let old_lock = State::lock(old.state)?;
    let new_key = match FileKey::generate(new.key, origin) {
        // From an earlier try.
        Err(BadKey::Exists(_)) => FileKey::read_for(new.key, Use::Log)?,
        made => made?,
    };
    let verifier = new_key.verifier().clone();
    if verifier.name() != origin {
        return Err(CannotShard::OtherOrigin(verifier.name().clone()));
    }
    // Whatever was pending is finished; a damaged log is not declared complete.
    let complete = Sequencer::open_frozen(old.folder.clone(), old_lock, Box::new(old_key))?;
    let new_lock = State::lock(new.state)?;
    Sequencer::open(new.folder.clone(), new_lock, Box::new(new_key))?;
    old.folder.freeze(&verifier).map_err(Error::from)?;
    Ok((verifier, complete.checkpoint().head().size))
}
