//! Why an HSM is not what it is to be.

use std::{error::Error as StdError, io, path::PathBuf};

use signstar::{config::HsmName, sign::SignerError};
use signstar_hsm::{
    BadCredential,
    state::{AccessError, ApplyError, BringAboutError, Plan, Step},
    yubihsm2::administration::DeviceError,
};

use super::{token::TokenPlan, yubihsm::DevicePlan};
use crate::{Error, shares::SharesError};

/// Why an HSM is not what it is to be. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The configuration or the journal cannot be used.
    #[error(transparent)]
    Host(#[from] Error),
    /// The configuration says something of an HSM that cannot be done.
    #[error("{0}")]
    Unfit(String),
    /// The configuration does not say where administrative credentials are.
    #[error("the configuration has no [administration]")]
    NoAdministration,
    /// The credentials are in shares, and those cannot be joined.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// A change of the administrative credentials was interrupted.
    #[error("a change of the administrative credentials of [hsm.{0}] has not ended")]
    HalfChanged(HsmName),
    /// The administrative credentials cannot be had or stored.
    #[error("cannot use the administrative credentials in {}", path.display())]
    Administration {
        /// Where they are.
        path: PathBuf,
        /// Why.
        source: BadCredential,
    },
    /// The PIN of a token cannot be had or stored.
    #[error("cannot use the PIN in {}", path.display())]
    Pin {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: BadCredential,
    },
    /// The passphrase of an operator cannot be had or stored.
    #[error("cannot use the passphrase in {}", path.display())]
    Passphrase {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: BadCredential,
    },
    /// The log of an HSM cannot be read.
    #[error("the passphrase of the auditor of [hsm.{0}] is not known on this host")]
    NoAuditor(HsmName),
    /// There is no such HSM.
    #[error("there is no [hsm.{0}]")]
    NoHsm(HsmName),
    /// Something stands in the way.
    #[error("refused:\n{0}")]
    Refused(Box<Plan>),
    /// Something stands in the way of setting up a token.
    #[error("refused:\n{0}")]
    RefusedToken(Box<TokenPlan>),
    /// Something stands in the way of setting up a YubiHSM2.
    #[error("refused:\n{0}")]
    RefusedDevice(Box<DevicePlan>),
    /// A YubiHSM2 could not be changed or asked.
    #[error("{device}: cannot {step}")]
    Device {
        /// Which one.
        device: String,
        /// What was to be done.
        step: String,
        /// Whether it did not answer.
        is_unreachable: bool,
        /// Why not.
        source: DeviceError,
    },
    /// A token could not be changed.
    #[error("{token}: cannot {step}")]
    Token {
        /// Which one.
        token: String,
        /// What was to be done.
        step: String,
        /// Why not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Something that is stored here, or a device.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A change could not be made.
    #[error("{}", undone(step))]
    Apply {
        /// The change.
        step: Box<Step>,
        /// Why not.
        source: AccessError,
    },
    /// It does not come to an end.
    #[error("there is still something to do after everything was done")]
    NoEnd,
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no backup.
    #[error("there is no backup in {}", .0.display())]
    NoBackup(PathBuf),
    /// A backup is no good.
    #[error("the backup {} is no good: {why}", path.display())]
    BadBackup {
        /// Where it is.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The software HSM that backups are tried with does not start.
    #[error("softnethsm does not start")]
    Drill(#[source] io::Error),
    /// What is to be told cannot be written.
    #[error("cannot write to the standard output")]
    Output(#[source] io::Error),
}

impl From<BringAboutError> for HsmError {
    fn from(error: BringAboutError) -> Self {
        match error {
            BringAboutError::Refused(plan) => Self::Refused(plan),
            BringAboutError::Access(error) => Self::Access(error),
            BringAboutError::Apply(error) => error.into(),
            BringAboutError::NoEnd(_) => Self::NoEnd,
        }
    }
}

impl From<ApplyError> for HsmError {
    fn from(ApplyError { step, source }: ApplyError) -> Self {
        Self::Apply { step, source }
    }
}

impl HsmError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
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
            Self::Host(error) => error.hint(),
            Self::Unfit(_) => "the format is described in spec/configuration.md",
            Self::NoAdministration => "say where they are: [administration] in the configuration",
            Self::Shares(error) => error.hint(),
            Self::HalfChanged(_) => {
                "run `signstar-configure hsm apply` or `rotate --administrators`: both go on with it"
            }
            Self::Administration { .. } => {
                "check `folder` in [administration] and who may read it; run this as root"
            }
            Self::Pin { .. } | Self::Passphrase { .. } => "check who may use its file",
            Self::NoAuditor(_) => "run `signstar-configure hsm apply`, which makes one",
            Self::NoHsm(_) => "check --hsm",
            Self::Refused(_) | Self::RefusedToken(_) | Self::RefusedDevice(_) => {
                "nothing was changed; see to what is refused, then run this again"
            }
            Self::Access(AccessError::Credential { .. })
            | Self::Apply {
                source: AccessError::Credential { .. },
                ..
            } => {
                "check who may use its file; if it opens no more, remove it: `hsm apply` makes another"
            }
            Self::Access(_) | Self::Apply { .. } => "what was done stays done; run this again",
            Self::Token { .. } | Self::Device { .. } => "what was done stays done; run this again",
            Self::NoEnd => "look at `signstar-configure hsm plan`: somebody else may be at it",
            Self::File { .. } => "check the path and who may use it",
            Self::NoBackup(_) => "make one with `signstar-configure backup`",
            Self::BadBackup { .. } => "make another one at once, and try that",
            Self::Drill(_) => "install softnethsm beside this program, or in PATH",
            Self::Output(_) => "whoever reads this has gone away",
        }
    }

    /// The exit status of a program that ends because of this: 10 a change has not ended, 20 shares are waited for, 21 a
    /// device cannot be reached, 22 credentials are missing, 1 otherwise.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Shares(error) => error.exit_status(),
            Self::HalfChanged(_) => 10,
            Self::NoAdministration => 22,
            Self::Refused(plan) => of_plan(plan),
            Self::RefusedToken(plan) => plan.status(),
            Self::RefusedDevice(plan) => plan.status(),
            Self::Device {
                is_unreachable: true,
                ..
            } => 21,
            Self::NoAuditor(_) => 22,
            Self::Token { source, .. } if is_away(&**source) => 21,
            Self::Access(error) => of_access(error),
            Self::Apply { source, .. } => of_access(source),
            _ => 1,
        }
    }
}

/// What could not be done.
fn undone(step: &Step) -> String {
    match &step.device {
        Some(device) => format!("{device}: cannot {}", step.action),
        None => format!("cannot {}", step.action),
    }
}

/// Whether something could not be signed because nobody answered.
fn is_away(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(SignerError::Unavailable(_)) = cause.downcast_ref() {
            return true;
        }
        // An I/O error has as its source that of what is in it.
        let inside = cause.downcast_ref().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => cause.source(),
        };
    }
    false
}

fn of_access(error: &AccessError) -> u8 {
    match error {
        error if error.is_unreachable() => 21,
        AccessError::NoCredential(_) => 22,
        _ => 1,
    }
}

/// What a refused plan ends with.
pub(super) fn of_plan(plan: &Plan) -> u8 {
    let mut refusals = plan.refusals.iter();
    if refusals
        .clone()
        .any(signstar_hsm::state::Refusal::is_unreachable)
    {
        21
    } else if refusals.any(signstar_hsm::state::Refusal::is_missing_credentials) {
        22
    } else {
        1
    }
}
