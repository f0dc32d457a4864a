//! Why a session cannot begin.

use std::{io, path::PathBuf};

use signstar::config::{ClientName, InvalidConfig};

/// Why a session cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no configuration.
    #[error("there is no configuration: neither {} nor {}", .0[0].display(), .0[1].display())]
    NoConfig([PathBuf; 2]),
    /// The configuration cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    ReadConfig {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error("the configuration {} is wrong: {source}", path.display())]
    Config {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: InvalidConfig,
    },
    /// The journal cannot be written.
    #[error("cannot write the journal {}: {source}", path.display())]
    Journal {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `SIGNSTAR_LOG` is not a level.
    #[error("SIGNSTAR_LOG is {}, which is no level", .0.display())]
    Level(std::ffi::OsString),
    /// The session cannot be set up.
    #[error("cannot set up the session: {0}")]
    Setup(io::Error),
    /// What was asked for cannot be written.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// There is an error in this program.
    #[error("an error in this program: {0}")]
    Bug(String),
    /// None of the keys can be opened by the user of this process.
    #[error("this user may open none of the keys")]
    NoKeys,
    /// The configuration does not let the command line name the client.
    #[error("the client cannot be named on the command line (`--client {0}`)")]
    ClientNamed(ClientName),
    /// The configuration wants the command line to name the client.
    #[error("the client is not named")]
    ClientNotNamed,
    /// The user of this process has no name.
    #[error("the Unix user {0} has no name that a client can have")]
    NoUser(u32),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoConfig(_) => "write one (see spec/configuration.md), or name it with --config",
            Self::ReadConfig { .. } => {
                "check that the path is right and that this user may read it"
            }
            Self::Config { .. } => "the format is described in spec/configuration.md",
            Self::Level(_) => "set it to error, warn, info or debug, or not at all",
            Self::Setup(_) => "check the limits of processes and open files of this user",
            Self::Write(_) => "check that the folder is there and has room",
            Self::Bug(_) => "please report it, with this line",
            Self::NoKeys => "run it as a user that may read the passphrases that [key.NAME] name",
            Self::Journal { .. } => "check `journal` in the configuration",
            Self::ClientNamed(_) => {
                "leave --client out, or set identity = \"authorized-keys\" in the configuration"
            }
            Self::ClientNotNamed => {
                "set command=\"signstar-sign --client NAME\" in authorized_keys, or leave \
                 identity = \"authorized-keys\" out of the configuration"
            }
            Self::NoUser(_) => "run this program as the Unix user of a client",
        }
    }

    /// The exit status of a program that ends because of this.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::ClientNamed(_) | Self::ClientNotNamed => 2,
            _ => 1,
        }
    }
}
