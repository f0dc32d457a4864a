//! Whose signature under a checkpoint is believed, as it is given on the command line.

use std::{fs, path::PathBuf};

use clap::Args;
use signstar::{
    log::{Policy, VerifierKey},
    sign::Certificate,
};

use super::Failure;

/// Who has to have signed a checkpoint.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Trust {
    /// The verifier key of the log: NAME+ID+KEY, as its operator publishes it.
    #[arg(value_name = "VKEY")]
    key: Option<VerifierKey>,

    /// A file that names logs and the witnesses who have to have seen a checkpoint (C2SP
    /// tlog-policy), instead of VKEY.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// The same where it is an option.
#[derive(Args, Clone, Debug)]
pub(crate) struct OptionalTrust {
    /// The verifier key of the log: NAME+ID+KEY, as its operator publishes it.
    #[arg(long, value_name = "VKEY", conflicts_with = "policy")]
    vkey: Option<VerifierKey>,

    /// A file that names logs and the witnesses who have to have seen a checkpoint (C2SP
    /// tlog-policy), instead of VKEY.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Trust {
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let policy = policy(self.key.as_ref(), self.policy.as_ref())?;
        policy.ok_or_else(|| Failure {
            status: 2,
            ..Failure::new("neither VKEY nor --policy", "name the key of the log")
        })
    }
}

impl OptionalTrust {
    pub(crate) fn policy(&self) -> Result<Option<Policy>, Failure> {
        policy(self.vkey.as_ref(), self.policy.as_ref())
    }
}

fn policy(key: Option<&VerifierKey>, file: Option<&PathBuf>) -> Result<Option<Policy>, Failure> {
    match file {
        Some(path) => read_policy(path).map(Some),
        None => Ok(key.cloned().map(Policy::of_log)),
    }
}

/// Reads the policy in the file `path`.
pub(crate) fn read_policy(path: &PathBuf) -> Result<Policy, Failure> {
    Policy::parse(&read(path)?).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Failure::new(message, "the format is C2SP tlog-policy; see spec/log.md")
    })
}

/// Reads the certificates in the files `paths`.
pub(crate) fn certificates(paths: &[PathBuf]) -> Result<Vec<Certificate>, Failure> {
    let certificate = |path: &PathBuf| {
        Certificate::parse(&read(path)?).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Failure::new(message, "give the OpenPGP certificate of a signing key")
        })
    };
    paths.iter().map(certificate).collect()
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Failure::new(message, "check the name of the file")
    })
}
