//! What is to be done with a token.

use std::{fmt, path::PathBuf};

use serde::Serialize;

use crate::hsm::{
    files::{FileStep, KeyRefusal},
    plan::{Changes, Refuses},
};

/// What is to be done with a token.
pub(crate) type TokenPlan = Changes<TokenStep, TokenRefusal>;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum TokenStep {
    /// Makes the token of one that is not initialised yet, with PINs that are made up.
    Initialise,
    /// Stores its PIN in a file that lacks it.
    StorePin {
        /// The file.
        file: PathBuf,
    },
    /// Has it make a key.
    GenerateKey {
        /// The label of the key.
        key: String,
        /// What kind of key.
        key_type: String,
    },
    /// Keeps the certificate of a key on the token as well, if the token does that.
    KeepCertificate {
        /// The label of the key.
        key: String,
    },
    /// Writes the certificate of a key that the token has to a file.
    FetchCertificate {
        /// The label of the key.
        key: String,
        /// The file.
        file: PathBuf,
    },
    /// Writes a file about a key.
    #[serde(untagged)]
    File(FileStep),
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum TokenRefusal {
    /// It does not answer.
    #[error("the token cannot be reached: {why}")]
    Unreachable {
        /// Why.
        why: String,
    },
    /// Its PIN is not known here, or not taken.
    #[error("{why}; store the right one in {}", file.display())]
    Pin {
        /// What is wrong with it.
        why: String,
        /// Where it should be.
        file: PathBuf,
    },
    /// It would have to be made, and nobody could keep what it takes.
    #[error("the token is not there, and without [administration] it cannot be made")]
    NoAdministration,
    /// A key, or a file about it, is not what it is to be.
    #[error(transparent)]
    #[serde(untagged)]
    Key(KeyRefusal),
}

impl Refuses for TokenRefusal {
    fn status(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => 21,
            Self::Pin { .. } | Self::NoAdministration => 22,
            Self::Key(_) => 1,
        }
    }
}

impl fmt::Display for TokenStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialise => f.write_str("initialise it, with PINs that are made up for it"),
            Self::StorePin { file } => write!(f, "store its PIN in {}", file.display()),
            Self::GenerateKey { key, key_type } => write!(f, "make key `{key}` ({key_type})"),
            Self::KeepCertificate { key } => {
                write!(f, "keep the certificate of key `{key}` on it as well")
            }
            Self::FetchCertificate { key, file } => write!(
                f,
                "write the certificate of key `{key}` that it has to {}",
                file.display()
            ),
            Self::File(step) => step.fmt(f),
        }
    }
}
