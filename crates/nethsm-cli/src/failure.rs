//! What went wrong, what to try, and how a script can tell.

use std::error::Error;
use std::path::Path;

use nethsm::call::Row;
use nethsm::client::{Error as DeviceError, FleetError};

use crate::noun::who;

/// What kind of failure it is: the exit status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Local,
    Usage,
    Refused,
    Unreachable,
    WrongState,
    NotFound,
    BadRequest,
    Device,
    DoesNotHold,
}

impl Kind {
    const ALL: [(Self, u8, &'static str, &'static str); 9] = [
        (
            Self::Local,
            1,
            "local",
            "something here: a file, a profile, a passphrase that cannot be had",
        ),
        (Self::Usage, 2, "usage", "wrong usage, or no confirmation"),
        (
            Self::Refused,
            3,
            "refused",
            "refused: wrong user or passphrase, wrong role, too many tries",
        ),
        (
            Self::Unreachable,
            4,
            "unreachable",
            "the device cannot be reached, is too slow, or is not the one it should be",
        ),
        (
            Self::WrongState,
            5,
            "wrong-state",
            "the device is not in the state for this",
        ),
        (Self::NotFound, 6, "not-found", "there is no such thing"),
        (
            Self::BadRequest,
            7,
            "bad-request",
            "there is one already, or the question makes no sense to the device",
        ),
        (
            Self::Device,
            8,
            "device",
            "the device failed, or does not speak as one",
        ),
        (
            Self::DoesNotHold,
            9,
            "does-not-hold",
            "a backup or a signature does not hold",
        ),
    ];

    fn row(self) -> (u8, &'static str) {
        let found = Self::ALL.iter().find(|(kind, ..)| *kind == self);
        found.map_or((1, "local"), |(_, status, name, _)| (*status, name))
    }

    /// The exit status.
    pub(crate) fn status(self) -> u8 {
        self.row().0
    }

    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }
}

/// What `--help` says about exit statuses.
pub(crate) fn statuses() -> String {
    let lines = Kind::ALL
        .iter()
        .map(|(_, status, _, about)| format!("\n  {status}  {about}"));
    ["Exit status:\n  0  done".to_owned()]
        .into_iter()
        .chain(lines)
        .collect()
}

/// What went wrong, and what to try.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn local(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Local, what, hint)
    }

    pub(crate) fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what, hint)
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(action: &str, path: &Path, cause: &dyn Error) -> Self {
        Self::local(
            format!("cannot {action} {}: {cause}", path.display()),
            "check the spelling, the folder you are in, and who may access it",
        )
    }

    /// A call that failed, of the only device or of several.
    pub(crate) fn of_call(row: &Row, error: &FleetError, are_several: bool) -> Self {
        let (source, what) = match error {
            FleetError::One { by, source } if are_several => {
                (source, format!("{by}: {}", chain(source)))
            }
            FleetError::One { source, .. } => (source, chain(source)),
            FleetError::All(errors) => {
                let each = errors.iter();
                let each: Vec<_> = each
                    .map(|(url, error)| format!("{url}: {}", chain(error)))
                    .collect();
                match errors.first() {
                    Some((_, first)) => (first, format!("no device answers; {}", each.join("; "))),
                    None => return Self::usage(chain(error), "give --url"),
                }
            }
            FleetError::Empty => return Self::usage(chain(error), "give --url"),
        };
        let (kind, hint) = advice(row, source);
        Self::new(kind, what, hint)
    }
}

fn advice(row: &Row, error: &DeviceError) -> (Kind, String) {
    let states = || {
        let states: Vec<_> = row.states.iter().map(|state| state.as_str()).collect();
        states.join(" or ")
    };
    let (kind, hint) = match error {
        DeviceError::Local { .. } => (Kind::Local, "check the file and the space on its disk"),
        DeviceError::Unreachable { .. } => (
            Kind::Unreachable,
            "see that the device is up and that --url is right",
        ),
        DeviceError::Timeout => (
            Kind::Unreachable,
            "whether it was done is unknown: look, then try again with a longer --timeout",
        ),
        DeviceError::Tls { .. } => (
            Kind::Unreachable,
            "check --url and --tls: the SHA-256 of the device's certificate as pin:SHA256, or its authority as ca:FILE",
        ),
        DeviceError::Unauthorized => (
            Kind::Refused,
            "check --user (NAMESPACE~NAME for one in a namespace) and the passphrase",
        ),
        DeviceError::Forbidden { message } if message.is_empty() => {
            return (Kind::Refused, format!("this is for {}", who(row)));
        }
        DeviceError::Forbidden { .. } => (Kind::Refused, "check the passphrase in the question"),
        DeviceError::TooManyRequests => (Kind::Refused, "wait a second, check the passphrase"),
        DeviceError::NotFound { .. } => (
            Kind::NotFound,
            "list what is there; users of a namespace see only what is in it",
        ),
        DeviceError::WrongState => {
            return (
                Kind::WrongState,
                format!(
                    "`nethsm health state` tells the state; this needs {}",
                    states()
                ),
            );
        }
        DeviceError::Conflict { .. } => (Kind::BadRequest, "remove what is there first"),
        DeviceError::BadRequest { .. } => (
            Kind::BadRequest,
            "see `--help`, and whether there is one already",
        ),
        DeviceError::Refused { status: 412, .. } => (
            Kind::WrongState,
            "something has to be set up first, as the message says",
        ),
        DeviceError::Refused { .. } => (Kind::BadRequest, "see `--help`"),
        DeviceError::Server { .. } => (Kind::Device, "`nethsm health diagnose` may tell more"),
        DeviceError::Protocol { .. } => (Kind::Device, "see that --url is that of a NetHSM"),
        _ => (Kind::Device, "see `--help`"),
    };
    (kind, hint.to_owned())
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
