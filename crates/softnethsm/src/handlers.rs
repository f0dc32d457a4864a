//! What every call does: one implementation of [`Handle`] per row of the table.

mod backup;
mod caching;
mod certificates;
mod cluster;
mod config;
mod config_network;
mod json;
mod keys;
mod list;
mod metrics;
mod namespaces;
mod restrictions;
mod signing;
mod system;
mod system_update;
mod tls;
mod users;

use std::fs::File;

use hyper::StatusCode;
use hyper::body::Bytes;
use nethsm::body::{Body, Kind};
use nethsm::call::Call;
use nethsm::id::BadId;
use nethsm::passphrase::Passphrase;

use self::caching::Caching;
pub(crate) use self::caching::finish;
use self::list::announced;
pub(crate) use self::list::{Handler, handler, perform};
use crate::answer::Refusal;
use crate::login::Caller;
use crate::request::Request;
use crate::stream::Streamed;
use crate::vault::Vault;

/// When a name that is none is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadNames {
    /// With the role of the caller, because who may depends on the name.
    Early,
    /// After everything about the form of the request.
    Late,
}

/// What a call does. The type is a row of the table, so everything that row says is known.
pub(crate) trait Handle: Call {
    /// The name of the question in messages about its JSON.
    const SCHEMA: &'static str = "req";
    /// What caches may do with the answers.
    const CACHING: Caching = Caching::Never;
    /// The content types that are known here; none means that the resource does not look at it.
    const CONTENT_TYPES: &'static [&'static str] = &[];
    /// Below what, in the API, something with a made-up name would be found. The device makes the
    /// name before it looks at the body, and tells it with some refusals too.
    const MADE_BELOW: Option<&'static str> = None;
    /// When a name that is none is refused.
    const BAD_NAMES: BadNames = BadNames::Late;

    /// Says no to a caller whose role is right but who is not meant.
    fn allow(_: &Request, _: &Self::Parameters) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether this takes microseconds, when this caller asks: it is done in the thread that serves
    /// the connections then.
    fn is_quick(_: &Request, _: &Caller, _: &Self::Parameters) -> bool {
        false
    }

    /// Whether there is what the path names; if not, the answer is 404 before the body is read.
    fn exists(_: &Request, _: &Self::Parameters) -> Result<bool, Refusal> {
        Ok(true)
    }

    /// The refusal of names that are none.
    fn bad_name(bad: BadId) -> Refusal {
        Refusal::bad(bad.answer())
    }

    /// Reads the question.
    fn read(body: &[u8]) -> Result<Self::Question, Refusal> {
        match Self::Question::KIND {
            Kind::Json => json::read(Self::SCHEMA, body),
            _ => Self::Question::from_bytes(body).map_err(|_| Refusal::bad("Invalid data.")),
        }
    }

    /// Reads what may be sent instead of the question.
    fn read_alternative(body: &[u8]) -> Result<Self::Alternative, Refusal> {
        Self::Alternative::from_bytes(body).map_err(|_| Refusal::bad("Invalid data."))
    }

    /// Does it, having been sent what may be sent instead of the question. Calls that have such
    /// an alternative in the table say what they do with it.
    fn handle_alternative(
        _: &Request,
        _: Self::Parameters,
        _: Self::Alternative,
    ) -> Result<Done<Self::Answer>, Refusal> {
        Err(Refusal::silent(StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }

    /// Does it.
    fn handle(
        request: &Request,
        at: Self::Parameters,
        question: Self::Question,
    ) -> Result<Done<Self::Answer>, Refusal>;

    /// Does it for a question of any length, which came as a file.
    fn handle_file(
        _: &Request,
        _: Self::Parameters,
        _: File,
    ) -> Result<Done<Self::Answer>, Refusal> {
        Err(Refusal::silent(StatusCode::PAYLOAD_TOO_LARGE))
    }
}

/// A question as it came in.
pub(crate) enum Sent {
    Octets(Bytes),
    /// For calls whose questions may have any length.
    File(File),
}

/// A call that succeeded.
pub(crate) struct Done<A> {
    answer: A,
    location: Option<String>,
    streamed: Option<Streamed>,
}

impl<A> Done<A> {
    /// Succeeded, with this answer.
    pub(crate) fn with(answer: A) -> Result<Self, Refusal> {
        Ok(Self {
            answer,
            location: None,
            streamed: None,
        })
    }

    /// Created something, to be found below the base of the API at `location`.
    pub(crate) fn created(answer: A, location: String) -> Result<Self, Refusal> {
        Ok(Self {
            answer,
            location: Some(location),
            streamed: None,
        })
    }

    /// Succeeded, with an answer that starts like this and goes on while it is sent.
    pub(crate) fn streamed(answer: A, streamed: Streamed) -> Result<Self, Refusal> {
        Ok(Self {
            answer,
            location: None,
            streamed: Some(streamed),
        })
    }
}

/// The vault and the caller, of a call that asks for a login.
pub(crate) fn inside(request: &Request) -> Result<(&Vault, &Caller), Refusal> {
    let vault = request.vault.as_deref().ok_or_else(Refusal::unavailable)?;
    let caller = request.caller.as_ref().ok_or_else(Refusal::forbidden)?;
    Ok((vault, caller))
}

/// Refuses a passphrase that may not be set; `name` is what the message calls it.
pub(crate) fn settable(name: &str, passphrase: &Passphrase) -> Result<(), Refusal> {
    passphrase.check().map_err(|_| {
        Refusal::bad(format!(
            "passphrase {name} is not >= 10 and <= 200 characters"
        ))
    })
}
