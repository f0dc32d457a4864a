//! What is on record of the name of a file.

use sha2::{Digest as _, Sha256};

use crate::request::AllegedName;

/// What stands before a salt and a name, so that a commitment is not another hash as well.
const LABEL: &[u8] = b"signstar/file-name/v1\n";

/// What is on record of the name of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordedName {
    /// The name itself.
    Plain(AllegedName),
    /// A hash of it that says nothing without its salt.
    Commitment([u8; 32]),
    /// Nothing: it is not to be told, or the client alleged none.
    Absent,
}

impl RecordedName {
    /// Commits to `name` with `salt`, which is random, fresh, and told to the client alone.
    ///
    /// SHA-256 of `signstar/file-name/v1`, a line feed, the salt and the name.
    pub fn commit(name: &AllegedName, salt: &[u8; 32]) -> Self {
        let hash = Sha256::new()
            .chain_update(LABEL)
            .chain_update(salt)
            .chain_update(name.as_str());
        Self::Commitment(hash.finalize().into())
    }

    /// Whether this is `name`, or a commitment to it with `salt`.
    pub fn is(&self, name: &AllegedName, salt: &[u8; 32]) -> bool {
        match self {
            Self::Plain(plain) => plain == name,
            Self::Commitment(_) => *self == Self::commit(name, salt),
            Self::Absent => false,
        }
    }

    /// The name, if it is told.
    pub fn plain(&self) -> Option<&AllegedName> {
        match self {
            Self::Plain(name) => Some(name),
            _ => None,
        }
    }

    /// The commitment, if there is one.
    pub fn commitment(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Commitment(hash) => Some(hash),
            _ => None,
        }
    }
}
