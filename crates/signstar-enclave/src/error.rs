//! What can go wrong with an enclave.

use std::{io, path::PathBuf};

use signstar::{config::InvalidConfig, sign::InvalidCertificate};

/// What can go wrong with an enclave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a folder.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was to be done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A path that `sshd` and `signstar.toml` cannot express.
    #[error("the folder {} has a name that is not plain text", .0.display())]
    Name(PathBuf),
    /// Somebody else runs an enclave there.
    #[error("another process runs an enclave in {}", .0.display())]
    InUse(PathBuf),
    /// The folder has an enclave with keys of another type.
    #[error("the enclave in {} has a key `{name}` of another type ({found})", folder.display())]
    OtherKeyType {
        /// The folder.
        folder: PathBuf,
        /// The client.
        name: String,
        /// The type that it has.
        found: String,
    },
    /// A program is not installed.
    #[error("`{0}` is not installed")]
    Missing(&'static str),
    /// A program did not start.
    #[error("`{program}` did not start: {reason}")]
    Start {
        /// The program.
        program: &'static str,
        /// What it said.
        reason: String,
    },
    /// A program has ended by itself.
    #[error("`{program}` has ended: {reason}")]
    Ended {
        /// The program.
        program: &'static str,
        /// What it said.
        reason: String,
    },
    /// The HSM did not do as it was told.
    #[error("the HSM failed while {doing}: {source}")]
    Hsm {
        /// What was to be done.
        doing: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] InvalidCertificate),
    /// The name of a client is not one.
    #[error("the configuration of the enclave is wrong: {0}")]
    Config(#[from] InvalidConfig),
    /// No randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "check that the folder can be written and that there is space",
            Self::Name(_) => "take a folder whose path is UTF-8 without control characters",
            Self::InUse(_) => "use that enclave, end the other process, or take another folder",
            Self::OtherKeyType { .. } => "take another folder, or the same --key-type as before",
            Self::Missing("softhsm2") => "install SoftHSM 2 (softhsm2)",
            Self::Missing("ssh" | "sshd" | "ssh-keygen") => {
                "install OpenSSH, client and server (openssh-client, openssh-server)"
            }
            Self::Missing(_) => "build everything first: cargo build --workspace",
            Self::Start { .. } | Self::Ended { .. } => {
                "the logs in the folder of the enclave say more (sshd.log, signstar-log.log, softnethsm.log, yubihsm-mock.log)"
            }
            Self::Hsm { .. } => "if the folder is damaged, remove it and start anew",
            Self::Certificate(_) => "this is a mistake in the program: please report it",
            Self::Config(_) => "client names have letters, digits, `-`, `_` and `.` only",
            Self::Randomness(_) => "run this on a system with getrandom(2)",
        }
    }
}

/// Names the file in an I/O error.
pub(crate) trait OnPath<T> {
    fn on(self, what: &'static str, path: &std::path::Path) -> Result<T, Error>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on(self, what: &'static str, path: &std::path::Path) -> Result<T, Error> {
        self.map_err(|source| Error::File {
            what,
            path: path.to_owned(),
            source,
        })
    }
}

/// Says what was done in an error of the HSM.
pub(crate) trait While<T> {
    fn doing(self, what: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> While<T> for Result<T, E> {
    fn doing(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Hsm {
            doing: what,
            source: source.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_can_be_had_where_the_hint_says() {
        for (program, place) in [
            ("sshd", "openssh-server"),
            ("softhsm2", "softhsm2"),
            ("signstar-configure", "cargo build"),
            ("softnethsm", "cargo build"),
        ] {
            let hint = Error::Missing(program).hint();
            assert!(hint.contains(place), "{program}: {hint}");
        }
    }
}
