//! Why a log cannot be written.

use std::{io, path::PathBuf};

use signstar::log::{CannotAppend, CannotRead, NotACheckpoint};

use super::{BadPolicy, Objection};
use crate::durable::StorageError;

/// Why a log cannot be written. After any of these nothing is appended any more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Somebody else writes the same log.
    #[error("another process writes the log in {}", .0.display())]
    Locked(PathBuf),
    /// The checkpoint is not one of this log and key.
    #[error("{} does not belong to this key: {source}", path.display())]
    Checkpoint {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: NotACheckpoint,
    },
    /// There are tiles and no checkpoint.
    #[error("{} is gone, but there are entries", .0.display())]
    NoCheckpoint(PathBuf),
    /// The tiles are not those of the checkpoint.
    #[error("the files of the log are damaged: {0}")]
    Damaged(#[from] CannotRead<StorageError>),
    /// More had been written than there is.
    #[error(
        "the log had {known} entries or was about to, and now there are {found}: it was set back \
         to an older copy"
    )]
    SetBack {
        /// How many this host knows of.
        known: u64,
        /// How many there are.
        found: u64,
    },
    /// The same size had another root: somebody else appended with this key.
    #[error("the log has another root at {0} entries than this host has signed: it forked")]
    Forked(u64),
    /// An entry cannot be appended.
    #[error(transparent)]
    Append(#[from] CannotAppend),
    /// The key did not sign the checkpoint.
    #[error("the checkpoint could not be signed: {0}")]
    Key(String),
    /// The key cannot be reached, and there is something to finish before the log opens.
    #[error("the key that signs checkpoints cannot be reached")]
    KeyAway,
    /// The policy does not suit the log.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// A witness knows of more than there is, or of something else.
    #[error(transparent)]
    Witness(#[from] Objection),
    /// The socket cannot be had.
    #[error("cannot listen on {}: {source}", path.display())]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log is closed; another one continues it.
    #[error("the log is complete: `signstar-log shard` closed it, and {0} continues it")]
    Frozen(String),
    /// There is no such user on this system.
    #[error("there is no user {0}")]
    NoUser(String),
    /// A proof for an entry that is in the log could not be made. This is a mistake in this
    /// program.
    #[error("no proof for entry {0}")]
    NoProof(u64),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Storage(_) => "check space, permissions and health of the disk, then start again",
            Self::Locked(_) => "there is one writer for a log; stop the other first",
            Self::Checkpoint { .. } => {
                "use the key that this log was made with; `signstar-log key show` names it"
            }
            Self::Policy(BadPolicy::OtherLog) => {
                "give it a line `log` with the verifier key; `signstar-log key show` names it"
            }
            Self::Policy(_) => "the format is C2SP tlog-policy; see docs/log.md, \"Witnesses\"",
            Self::NoCheckpoint(_)
            | Self::SetBack { .. }
            | Self::Witness(Objection::Ahead { .. }) => {
                "bring the newest copy of the folder back, from a mirror or a backup; never start \
                 over under the same name"
            }
            Self::Damaged(_) => {
                "bring these files back from a mirror or a backup; `signstar-log verify` finds \
                 more of them"
            }
            Self::Forked(_) | Self::Witness(Objection::Forked { .. }) => {
                "do not publish: keep both copies, and find out who else had the key"
            }
            Self::Append(_) => "begin a new log with `signstar-log shard`",
            Self::Key(_) | Self::KeyAway => {
                "see that the HSM answers and holds the key of this log"
            }
            Self::Listen { .. } => "check the folder of the socket and who may write to it",
            Self::Frozen(_) => "serve the folder of the new log with its key",
            Self::NoUser(_) => "check --allow-user",
            Self::NoProof(_) => "please report this, with the size of the log",
        }
    }
}
