//! What can be wrong with a backup file.

/// What can be wrong with a backup file, by what its reader can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not start as a backup does.
    #[error("this is no backup of a NetHSM")]
    NoBackup,
    /// Written by newer firmware.
    #[error("backups of version {0} are not known, only 0 and 1")]
    Version(u8),
    /// The outside does not open: another passphrase, or a damaged header.
    #[error("the backup passphrase does not open this file, or its header is damaged")]
    BackupPassphrase,
    /// The domain key does not open.
    #[error("the unlock passphrase is not that of this backup")]
    UnlockPassphrase,
    /// The file ends too early: get a complete copy.
    #[error("the backup is cut short")]
    Truncated,
    /// A value that every backup has is not there: the file was emptied or cut short.
    #[error("the backup is not complete: it has no {0}")]
    Missing(&'static str),
    /// There is something behind the end.
    #[error("there is something behind the end of the backup")]
    Trailing,
    /// Something has been changed since the device wrote it.
    #[error("the backup is damaged at {0}")]
    Damaged(String),
    /// The values are not in the order in which devices write them, or one is there twice.
    #[error("the values of the backup are not in order at {0}")]
    Order(String),
    /// A value opens but is not what its path says.
    #[error("the value at {path} is not understood: {problem}")]
    Value {
        /// Where.
        path: String,
        /// What is wrong, without any of the value.
        problem: &'static str,
    },
    /// A value is longer than a backup can hold.
    #[error("a value of a backup has at most 16 MiB")]
    Long,
    /// The file cannot be read or written.
    #[error("the backup cannot be read or written")]
    Io(#[source] std::io::Error),
    /// The system gives no random numbers or the parameters of the key derivation are refused.
    #[error("the cryptography of this system does not work")]
    Cryptography,
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            Self::Truncated
        } else {
            Self::Io(error)
        }
    }
}

impl Error {
    pub(super) fn value(path: &str, problem: &'static str) -> Self {
        Self::Value {
            path: path.to_owned(),
            problem,
        }
    }
}
