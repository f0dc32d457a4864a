//! Why a ceremony does not go on.

use std::{io, path::PathBuf};

use signstar_shares::CannotOpen;

use super::waiting::Waiting;
use crate::Error;

/// Why a ceremony does not go on. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum SharesError {
    /// The configuration or the journal cannot be used.
    #[error(transparent)]
    Host(#[from] Error),
    /// The configuration keeps the credentials otherwise.
    #[error("the administrative credentials are not in shares")]
    NotInShares,
    /// What the configuration says cannot be done.
    #[error("{0}")]
    Unfit(String),
    /// People have to do something first.
    #[error("{0}")]
    Waiting(Box<Waiting>),
    /// No shares were made yet, or those that were made are not confirmed.
    #[error("no shares are in force")]
    NoShares,
    /// A plan cannot tell everything without shares.
    #[error("not everything could be looked at: that takes {0} shares")]
    CannotLook(u8),
    /// Shares that are right do not open the box.
    #[error("cannot open the box {}", path.display())]
    Closed {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: CannotOpen,
    },
    /// A file on this host is not what this program writes.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Where it is.
        path: PathBuf,
        /// In which way.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else changes HSMs or shares at the moment.
    #[error("another run holds the lock {}", .0.display())]
    Busy(PathBuf),
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random(#[source] io::Error),
    /// What is to be told cannot be written.
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

impl SharesError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// The error with its causes.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let words = cause.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            next = cause.source();
        }
        text
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Host(error) => error.hint(),
            Self::NotInShares => "write credentials = \"shares\" into [administration]",
            Self::Unfit(_) => "see `signstar-configure check`, and `signstar-configure host apply`",
            Self::Waiting(_) => {
                "run this again when they have; with --wait SECONDS it waits itself"
            }
            Self::NoShares => "make them with `signstar-configure hsm apply`",
            Self::CannotLook(_) => {
                "have holders upload their shares; `signstar-configure shares status` tells whose are \
                 there"
            }
            Self::Closed { source, .. } => source.hint(),
            Self::Damaged { .. } => "take it from a backup of this host",
            Self::File { .. } => "check the path and who may use it; run this as root",
            Self::Busy(_) => "wait until it has ended",
            Self::Random(_) => "see to /dev/urandom",
            Self::Output(_) => "whoever reads this has gone away",
        }
    }

    /// The exit status of a program that ends because of this: 20 shares are waited for, 22 there
    /// are none, 1 otherwise.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Waiting(_) | Self::CannotLook(_) => 20,
            Self::NoShares => 22,
            _ => 1,
        }
    }
}
