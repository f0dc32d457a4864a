//! Why something is not done.

use std::{error::Error as StdError, io, path::PathBuf};

use signstar::config::{InvalidConfig, InvalidName, UserName};

/// Why something is not done, or not all of it. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no configuration.
    #[error("there is no configuration: neither {} nor {}", .0[0].display(), .0[1].display())]
    NoConfig([PathBuf; 2]),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error("the configuration {} is wrong", path.display())]
    Config {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: InvalidConfig,
    },
    /// The journal cannot be written.
    #[error("cannot write the journal {}", path.display())]
    Journal {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration does not let the command line name the user.
    #[error("the user cannot be named on the command line (`--user {0}`)")]
    Named(UserName),
    /// The configuration wants the command line to name the user.
    #[error("the user is not named")]
    NotNamed,
    /// The command sent over SSH is none that is answered.
    #[error("this takes {}", expected(.0))]
    Command(&'static [&'static str]),
    /// The user of this process has no name.
    #[error("the Unix user {0} has no name that a user can have")]
    NoUser(u32),
    /// There is no such user in the configuration, or it has another role.
    #[error("`{user}` has not the role `{role}`")]
    NotPermitted {
        /// Who asks.
        user: UserName,
        /// The role that it takes.
        role: &'static str,
    },
    /// The configuration has no folder for metrics.
    #[error("the configuration names no folder for `metrics`")]
    NoMetrics,
    /// Some files are left out; the others have been handed out.
    #[error("some of it is left out: {}", .0.join("; "))]
    Incomplete(Vec<String>),
    /// What the configuration says of the HSM cannot be used.
    #[error("the HSM is not set up for this: {what}")]
    Setup {
        /// What it is about.
        what: String,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No device of the HSM gives a backup at the moment.
    #[error("the HSM cannot be reached")]
    Hsm(#[source] Box<dyn StdError + Send + Sync>),
    /// A host can only be set up where Unix users tell who somebody is.
    #[error("with identity = \"authorized-keys\" there are no Unix users to set up")]
    NoUnixUsers,
    /// A name that no Unix user of ours can have.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A Unix user is there that somebody else made.
    #[error("there is a Unix user `{0}` that belongs to somebody else")]
    Foreign(String),
    /// Another process changes the same.
    #[error("another process changes this (it holds {})", .0.display())]
    Busy(PathBuf),
    /// A file cannot be written or removed.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program of the host does not do what it should.
    #[error("{program} failed: {reason}")]
    Program {
        /// The program.
        program: &'static str,
        /// In its words.
        reason: String,
    },
    /// What was to be handed out cannot be written.
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

fn expected(commands: &[&str]) -> String {
    match commands {
        [] => "no command".to_owned(),
        some => format!("no command or one of: {}", some.join(", ")),
    }
}

impl Error {
    /// What whoever is on the other side of SSH is told.
    pub fn message(&self) -> String {
        match self {
            Self::Command(_) | Self::NoMetrics | Self::Hsm(_) | Self::Output(_) => self.to_string(),
            Self::NotPermitted { .. } | Self::NoUser(_) => "not permitted".to_owned(),
            Self::Incomplete(_) => "some of it is left out; the journal tells why".to_owned(),
            _ => "the host is not set up correctly; its journal tells why".to_owned(),
        }
    }

    /// The error with its causes.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
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
            Self::NoConfig(_) => "write one (see spec/configuration.md), or name it with --config",
            Self::Read { .. } => "check that the path is right and that this user may read it",
            Self::Config { .. } => "the format is described in spec/configuration.md",
            Self::Journal { .. } => "check `journal` in the configuration",
            Self::Named(_) => {
                "leave --user out, or set identity = \"authorized-keys\" in the configuration"
            }
            Self::NotNamed => {
                "set command=\"signstar-configure download ... --user NAME\" in authorized_keys, or \
                 leave identity = \"authorized-keys\" out of the configuration"
            }
            Self::Command(_) => "see `signstar-configure download --help`",
            Self::NoUser(_) | Self::NotPermitted { .. } => {
                "`role` in [user.NAME] says what a user may download; each has one role"
            }
            Self::NoMetrics => "set `metrics` in the configuration",
            Self::Incomplete(_) => "see to the files that are named",
            Self::Setup { .. } => {
                "check [user.NAME] and [hsm.NAME], the role of the user in the HSM, and that the \
                 HSM has a backup passphrase"
            }
            Self::Hsm(_) => "see that the HSM is up and unlocked; then try again",
            Self::NoUnixUsers => "leave `identity` out of the configuration",
            Self::Name(_) => "see `signstar-configure check`",
            Self::Foreign(_) => {
                "give the client or user another name in the configuration; nobody's own account \
                 is made one of the enclave"
            }
            Self::Busy(_) => "wait for it to end, then try again",
            Self::Write { .. } => {
                "check that this runs as root; what was not done yet gives access, so that the host \
                 is closed rather than open; run it again to complete it"
            }
            Self::Program { .. } => {
                "see to what it says, then run this again; until then the host is closed rather \
                 than open"
            }
            Self::Output(_) => "whoever reads this has gone away",
        }
    }

    /// The exit status of a program that ends because of this.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Named(_) | Self::NotNamed | Self::Command(_) => 2,
            Self::NoUser(_) | Self::NotPermitted { .. } => 3,
            Self::Hsm(_) => 4,
            _ => 1,
        }
    }

    /// What it is called in the journal.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.exit_status() {
            2 => "wrong-usage",
            3 => "not-permitted",
            4 => "hsm-unavailable",
            _ => "misconfigured",
        }
    }
}
