//! What can go wrong, and what to do about it.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::PathBuf,
};

use signstar_request_signature::Error as ClientError;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The way to the enclave, or its answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Options that change a signature in a way that an enclave does not offer.
    #[error("the enclave holds the key that is to sign, and cannot do this: {0}")]
    Obstacles(String),
    /// A signature around its data, or encryption.
    #[error(
        "the enclave holds the key that is to sign, and signs only with --detach-sign and --clear-sign"
    )]
    Enclosing,
    /// Several signers, one of them an enclave.
    #[error("several keys are to sign, and one of them is in an enclave")]
    SeveralSigners,
    /// Something is there already where the signature should go.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// Something cannot be read.
    #[error("cannot read {}: {source}", name.display())]
    Read {
        /// What.
        name: OsString,
        /// Why.
        source: io::Error,
    },
    /// Something cannot be written.
    #[error("cannot write {}: {source}", name.display())]
    Write {
        /// What.
        name: OsString,
        /// Why.
        source: io::Error,
    },
    /// A text that is too long to be signed readably.
    #[error("{0}: a text of more than 64 MiB")]
    LongText(String),
    /// A text whose lines end differently for different programs.
    #[error("{0}: a carriage return in the middle of a line")]
    LoneReturn(String),
    /// A signature that package managers would refuse.
    #[error("the signature has {0} octets; at most 16384 are accepted")]
    LongSignature(usize),
    /// Not the number of a file descriptor.
    #[error("{} is not a file descriptor", .0.display())]
    Descriptor(OsString),
    /// There is no other `gpg`.
    #[error("this is no call for an enclave, and there is no other gpg in PATH")]
    NoGpg,
    /// What should be the real `gpg` is not.
    #[error("{} is not another gpg", .0.display())]
    NotGpg(PathBuf),
    /// A program cannot be started.
    #[error("cannot start {}: {source}", program.display())]
    StartGpg {
        /// The program.
        program: OsString,
        /// Why.
        source: io::Error,
    },
    /// Not a shell that completions are there for.
    #[error("there are no completions for {}", .0.display())]
    NoSuchShell(OsString),
    /// No enclave holds this key, or there is no enclave.
    #[error("no enclave holds the key {:?}", .0.display().to_string())]
    NoSuchKey(OsString),
    /// A file that is not called as a database is.
    #[error("{} is not the name of a database", .0.display())]
    NotADatabase(PathBuf),
    /// Somebody else changes the database.
    #[error("{} is there: the database is being changed", .0.display())]
    Locked(PathBuf),
    /// A package has a signature that no package manager accepts.
    #[error("{} is armored or has more than 16384 octets", .0.display())]
    PackageSignature(OsString),
    /// `repo-add` or `repo-remove` failed.
    #[error("{0} failed")]
    RepoAdd(&'static str),
    /// OpenPGP that was accepted and then could not be described.
    #[error("the certificate or the signature is one that cannot be described")]
    Strange,
    /// OpenPGP that cannot be read or written.
    #[error("the certificate or the signature: {0}")]
    OpenPgp(#[from] pgp::errors::Error),
}

impl Error {
    pub(crate) fn read(name: impl AsRef<OsStr>, source: io::Error) -> Self {
        Self::Read {
            name: name.as_ref().to_owned(),
            source,
        }
    }

    pub(crate) fn write(name: impl AsRef<OsStr>, source: io::Error) -> Self {
        Self::Write {
            name: name.as_ref().to_owned(),
            source,
        }
    }

    /// The exit status of a program that ends because of this, never 0: those of
    /// `signstar-request-signature`.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Client(error) => error.exit_status(),
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Exists(_)
            | Self::Locked(_)
            | Self::RepoAdd(_)
            | Self::StartGpg { .. } => 1,
            _ => 2,
        }
    }

    /// What a person can try.
    pub fn hint(&self) -> String {
        match self {
            Self::Client(ClientError::NoDestination) => {
                "set SIGNSTAR_DESTINATION, or write destination = \"HOST\" into \
                 ~/.config/signstar/client.toml"
                    .into()
            }
            Self::Client(ClientError::NoCertificate) => {
                "write certificate = \"CERT\" into ~/.config/signstar/client.toml: keys are \
                 recognised by it, and signatures are checked against it"
                    .into()
            }
            Self::Client(error) => error.hint(),
            Self::Obstacles(_) => {
                "leave it out, or name another key with -u; the real gpg has that one's secret".into()
            }
            Self::Enclosing => "use --detach-sign (-b) or --clear-sign".into(),
            Self::SeveralSigners => "make one signature after the other, each with one -u".into(),
            Self::Exists(_) => "remove it, or give --yes to replace it".into(),
            Self::Read { .. } => "check the spelling, the folder and permissions".into(),
            Self::Write { .. } => "check permissions and free space".into(),
            Self::LongText(_) => "make a detached signature (-b) instead".into(),
            Self::LoneReturn(_) => {
                "programs disagree on where such lines end; convert it (`dos2unix -c mac`), or make \
                 a detached signature (-b)"
                    .into()
            }
            Self::LongSignature(_) => "the enclave puts too many notations into it".into(),
            Self::Descriptor(_) => "a number such as 2".into(),
            Self::NoGpg => "install GnuPG, or set SIGNSTAR_GPG_REAL to its program".into(),
            Self::NotGpg(_) => {
                "SIGNSTAR_GPG_REAL has to name a program that is not signstar-gpg".into()
            }
            Self::StartGpg { program, .. } => {
                format!("see whether {} can be run from here", program.display())
            }
            Self::NoSuchKey(_) => {
                "its certificate has to stand in ~/.config/signstar/client.toml; for keys of your \
                 own there is repo-add"
                    .into()
            }
            Self::NoSuchShell(_) => "bash, elvish, fish, powershell or zsh".into(),
            Self::NotADatabase(_) => "one is called core.db.tar.gz or so".into(),
            Self::Locked(path) => format!(
                "wait until it is done; if nobody is at it, remove {}",
                path.display()
            ),
            Self::PackageSignature(_) => {
                "sign the package anew, with a binary signature: `signstar-request-signature send`"
                    .into()
            }
            Self::RepoAdd(_) => "see what it says above".into(),
            Self::Strange | Self::OpenPgp(_) => {
                "see what `gpg --show-keys` says about the certificate".into()
            }
        }
    }
}
