//! What a holder is told when something is not done.

use signstar_shares::Unreadable;

use super::{SharesError, file::MAX_UPLOAD};
use crate::Error;

/// Why nothing was handed out or taken. Nothing in it is secret, and nothing of what was uploaded.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The host is not set up for this.
    #[error(transparent)]
    Host(#[from] Error),
    /// What is kept of shares on this host cannot be used.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// Not one of the commands.
    #[error("this takes one of: download, download in-force, upload, status, help")]
    Command,
    /// Not a holder.
    #[error("not permitted")]
    NotPermitted,
    /// There is no share for this holder.
    #[error("there is no share of yours on this host")]
    NoShare,
    /// More than an upload may have.
    #[error("that is longer than {MAX_UPLOAD} octets")]
    TooLong,
    /// Octets that are no text.
    #[error("this is no share")]
    NotText,
    /// A text that is no share.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A share of a set that is not on this host.
    #[error("this is share {share} of the set {set}, which is an older one or of something else")]
    OtherSet {
        /// Its number.
        share: u8,
        /// Its set.
        set: String,
    },
    /// The share of somebody else.
    #[error("this is share {share}, and yours is {own}")]
    NotYours {
        /// Its number.
        share: u8,
        /// The number of the own one.
        own: u8,
    },
    /// A share that was changed after it was made, checksum and all.
    #[error("this is not the share {0} that was made for you: it was changed")]
    Forged(u8),
}

impl Refused {
    /// What whoever is on the other side of SSH is told.
    pub fn message(&self) -> String {
        match self {
            Self::Host(error) => error.message(),
            Self::Shares(_) => "the host is not set up correctly; its journal tells why".to_owned(),
            _ => self.to_string(),
        }
    }

    /// The error with its causes, for the journal.
    pub fn whole(&self) -> String {
        match self {
            Self::Host(error) => error.whole(),
            Self::Shares(error) => error.whole(),
            _ => self.to_string(),
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Host(error) => error.hint(),
            Self::Shares(error) => error.hint(),
            Self::Command => "ssh HOLDER@HOST help",
            Self::NotPermitted => "whoever runs the host decides who holds a share",
            Self::NoShare => "wait until whoever runs the host has made it",
            Self::TooLong | Self::NotText => {
                "upload the decrypted share and nothing else: age -d -i ~/.ssh/id_ed25519 share.age | \
                 ssh HOLDER@HOST upload"
            }
            Self::Unreadable(error) => error.hint(),
            Self::OtherSet { .. } => "download your share again, and upload that",
            Self::NotYours { .. } => {
                "upload the share that you download; and ask how you came to see that of somebody else"
            }
            Self::Forged(_) => "download your share again, and upload that",
        }
    }

    /// The exit status of a session that ends because of this: 2 no such command, 3 refused, 1 the
    /// host is not set up correctly.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Host(error) => error.exit_status(),
            Self::Shares(_) => 1,
            Self::Command => 2,
            _ => 3,
        }
    }

    /// What it is called in the journal.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Host(error) => error.outcome(),
            Self::Shares(_) => "misconfigured",
            Self::Command => "wrong-usage",
            Self::NotPermitted => "not-permitted",
            _ => "refused",
        }
    }
}
