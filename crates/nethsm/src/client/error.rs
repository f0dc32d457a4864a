//! What can go wrong with a call.

use std::error::Error as StdError;

use crate::body::{BadBody, Body, Refusal};

/// What can go wrong with a call, by what the caller can do about it.
///
/// No error holds a passphrase or anything else that was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device cannot be reached: no such host, nobody listens, the connection broke.
    /// See that it is up; then try again.
    #[error("the device cannot be reached")]
    Unreachable {
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The device did not answer in time. Whether it did what was asked is unknown.
    #[error("the device did not answer in time")]
    Timeout,
    /// What answers cannot prove that it is the device. Check address, pin or authority.
    #[error("no secure connection to the device")]
    Tls {
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// 401: no such user, or not their passphrase.
    #[error("the device does not know this user with this passphrase")]
    Unauthorized,
    /// 403: the user may not do this; or the passphrase given in the question is wrong.
    #[error("the device does not allow this{}", because(message))]
    Forbidden {
        /// What the device says; empty if only the role is wrong.
        message: String,
    },
    /// 404: there is no such thing, or not in this user's namespace.
    #[error("the device has no such thing{}", because(message))]
    NotFound {
        /// What the device says, often nothing.
        message: String,
    },
    /// 409: there is one already.
    #[error("the device has one already{}", because(message))]
    Conflict {
        /// What the device says.
        message: String,
    },
    /// 412: the device is locked, not provisioned, or already so. Ask for its state.
    #[error("the device is not in the state for this")]
    WrongState,
    /// 429: a login of this user failed less than a second ago. Wait and try again.
    #[error("the device refuses this user for a second, after a wrong passphrase")]
    TooManyRequests,
    /// 400: the question makes no sense to the device. Existing names are told like this too.
    #[error("the device does not accept the question{}", because(message))]
    BadRequest {
        /// What the device says.
        message: String,
    },
    /// Any other status from 400 to 499.
    #[error("the device refuses with status {status}{}", because(message))]
    Refused {
        /// The status.
        status: u16,
        /// What the device says, often nothing.
        message: String,
    },
    /// A status from 500: the device has a problem of its own.
    #[error("the device failed with status {status}{}", because(message))]
    Server {
        /// The status.
        status: u16,
        /// What the device says, often nothing.
        message: String,
    },
    /// What is to be sent cannot be read, or what came cannot be written. The device has
    /// nothing to do with it.
    #[error("the file on this side cannot be read or written")]
    Local {
        /// The cause.
        source: std::io::Error,
    },
    /// What answers does not speak as a device of this kind does.
    #[error("this is not how the device speaks: {problem}")]
    Protocol {
        /// What is wrong.
        problem: &'static str,
        /// The cause, if there is one beyond that.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
}

fn because(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl Error {
    /// Whether the same call may succeed a little later without anybody doing anything.
    ///
    /// After [`Error::Timeout`] and [`Error::Unreachable`] the device may have done what was
    /// asked: harmless for a signature, not for a call that creates something.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Timeout | Self::TooManyRequests | Self::Server { .. }
        )
    }

    /// An answer that is no success.
    pub(super) fn refused(status: u16, body: &[u8]) -> Self {
        let message = message(body);
        match status {
            400 => Self::BadRequest { message },
            401 => Self::Unauthorized,
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            409 => Self::Conflict { message },
            // A device without a backup passphrase says 412 too, in other words.
            412 if message == "Service not available" => Self::WrongState,
            429 => Self::TooManyRequests,
            402..500 => Self::Refused { status, message },
            500..600 => Self::Server { status, message },
            _ => Self::Protocol {
                problem: "the status is not one of this call",
                source: None,
            },
        }
    }

    /// A question that has no form on the wire.
    pub(super) fn unwritable(cause: BadBody) -> Self {
        Self::Protocol {
            problem: "the question cannot be written",
            source: Some(cause.into()),
        }
    }

    /// Bytes that are not what the call promises.
    pub(super) fn unreadable(cause: BadBody) -> Self {
        Self::Protocol {
            problem: "the answer is not that of this call",
            source: Some(cause.into()),
        }
    }
}

/// The most characters of a message that are kept.
const LONGEST_MESSAGE: usize = 400;

/// What the device says, fit for one line of a journal. Bodies that are not of the device's
/// form say nothing.
fn message(body: &[u8]) -> String {
    let Ok(refusal) = Refusal::from_bytes(body) else {
        return String::new();
    };
    refusal
        .message
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(LONGEST_MESSAGE)
        .collect()
}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::Timeout,
            ureq::Error::Io(error) => Self::from_io(error),
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => Self::Unreachable {
                source: error.into(),
            },
            ureq::Error::Other(source) => Self::Tls { source },
            ureq::Error::BodyExceedsLimit(_) => Self::Protocol {
                problem: "the answer is larger than any of this call",
                source: None,
            },
            error => Self::Protocol {
                problem: "the answer is not sound HTTP",
                source: Some(error.into()),
            },
        }
    }
}

impl Error {
    pub(super) fn from_io(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::TimedOut {
            return Self::Timeout;
        }
        let is_tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .is_some();
        if is_tls {
            return Self::Tls {
                source: error.into(),
            };
        }
        let source = match error.kind() {
            // What TLS says of it is for those who write servers.
            std::io::ErrorKind::UnexpectedEof => "it has closed the connection".into(),
            _ => error.into(),
        };
        Self::Unreachable { source }
    }
}
