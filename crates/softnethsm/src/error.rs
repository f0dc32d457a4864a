//! What can go wrong before and beneath the API.

use std::path::PathBuf;

/// Why a data folder cannot be opened or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process works on the same data folder.
    #[error("{} is in use by another softnethsm", .0.display())]
    InUse(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, `create`, `remove`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The answer of the operating system.
        source: std::io::Error,
    },
    /// A file of the data folder is not what was written there.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS certificate or its key cannot be used.
    #[error("cannot use the TLS certificate: {0}")]
    Certificate(String),
    /// The key for updates cannot be used.
    #[error("cannot use the key for updates: it is no RSA public key of 2048 to 8192 bits in PEM")]
    UpdateKey,
    /// Sealing failed: no randomness.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot listen or accept.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: String,
        /// The answer of the operating system.
        source: std::io::Error,
    },
}

impl Error {
    /// What a person can try next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse(_) => "stop the other process, or give --data another folder",
            Self::File { .. } => "check that the folder exists and belongs to you",
            Self::Damaged { .. } | Self::Seal(_) | Self::Store(_) => {
                "restore the data folder from a copy, or start with an empty one"
            }
            Self::Certificate(_) => "--tls-cert and --tls-key take PEM files that belong together",
            Self::UpdateKey => "--update-key takes a PEM file that starts with BEGIN PUBLIC KEY",
            Self::Listen { .. } => "give --listen a free local address such as 127.0.0.1:0",
        }
    }
}

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The value does not open: another key, changed bytes, or another path.
    #[error("a sealed value does not open: wrong key, changed or misplaced")]
    Broken,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    NoRandomness,
}

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database file failed.
    #[error("the store cannot be read or written: {0}")]
    Database(String),
    /// The value at this path does not open.
    #[error("the stored value {path} is damaged")]
    Value {
        /// The path of the value, for example `/key/a`.
        path: String,
    },
    /// The device was locked or started anew in the middle of a request.
    #[error("the device was locked meanwhile")]
    Closed,
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}
