//! What every call does: one implementation of [`Handle`] per row of the table.

mod backup;
mod certificates;
mod cluster;
mod config;
mod config_network;
mod json;
mod keys;
mod metrics;
mod namespaces;
mod restrictions;
mod signing;
mod system;
mod system_update;
mod tls;
mod users;

use std::fs::File;

use aws_lc_rs::digest::{SHA256, digest};
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
    VARY,
};
use hyper::{HeaderMap, StatusCode};
use nethsm::body::{Body, Kind};
use nethsm::call::{BASE, Call, Method, Row};
use nethsm::id::BadId;
use nethsm::passphrase::Passphrase;
use nethsm::query::KeyFilter;
use nethsm::{for_each_call, table};

use crate::answer::{Answer, JSON, Refusal, empty};
use crate::login::Caller;
use crate::random;
use crate::request::{Request, essence};
use crate::stream::Streamed;
use crate::vault::Vault;

/// What caches may do with the answers of a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// `Cache-Control: no-cache`.
    Never,
    /// Nothing is said.
    Unsaid,
    /// Nothing is said, but answers carry an entity tag to ask with.
    Tagged,
}

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

/// A handler with its types worn off, so that all fit into one list.
pub(crate) struct Handler {
    row: Row,
    caching: Caching,
    pub(crate) content_types: &'static [&'static str],
    pub(crate) allow: fn(&Request) -> Result<(), Refusal>,
    run: fn(&Request, Sent) -> Result<Answer, Refusal>,
}

macro_rules! handlers {
    ($($name:ident)+) => {
        /// One handler per row: a row without one does not compile.
        static HANDLERS: &[Handler] = &[$( worn::<table::$name>(), )+];
    };
}
for_each_call!(handlers);

const fn worn<C: Handle>() -> Handler {
    Handler {
        row: C::ROW,
        caching: C::CACHING,
        content_types: C::CONTENT_TYPES,
        allow: allow::<C>,
        run: run::<C>,
    }
}

/// The handler of a row.
pub(crate) fn handler(row: &Row) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.row == *row)
}

fn allow<C: Handle>(request: &Request) -> Result<(), Refusal> {
    match request.resource.parameters::<C::Parameters>() {
        Ok(at) => C::allow(request, &at),
        Err(bad) if C::BAD_NAMES == BadNames::Early => Err(C::bad_name(bad)),
        // Answered in its turn.
        Err(_) => Ok(()),
    }
}

fn run<C: Handle>(request: &Request, sent: Sent) -> Result<Answer, Refusal> {
    let at: C::Parameters = request.resource.parameters().map_err(C::bad_name)?;
    if !C::exists(request, &at)? {
        return Err(Refusal::not_found());
    }
    has_right_media_type(request).map_err(|refusal| announced(refusal, C::MADE_BELOW))?;
    let done = match sent {
        Sent::File(file) => C::handle_file(request, at, file)?,
        Sent::Octets(body) if is_alternative(request) => {
            C::handle_alternative(request, at, C::read_alternative(&body)?)?
        }
        Sent::Octets(body) => C::handle(request, at, C::read(&body)?)?,
    };
    let status = StatusCode::from_u16(C::ROW.success).unwrap_or(StatusCode::OK);
    let mut answer = empty(status);
    let body = done
        .answer
        .to_bytes()
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    answer.body_mut().extend_from_slice(&body);
    let location = done
        .location
        .and_then(|location| HeaderValue::try_from(location).ok());
    if let Some(location) = location {
        answer.headers_mut().insert(LOCATION, location);
    }
    if let Some(streamed) = done.streamed {
        answer.extensions_mut().insert(streamed);
    }
    Ok(answer)
}

/// PUT, and POST that creates, insist on the media type of their question; other POSTs do not look.
fn has_right_media_type(request: &Request) -> Result<(), Refusal> {
    let row = request.row;
    let insists = row.method == Method::Put || (row.method == Method::Post && row.success == 201);
    if !insists {
        return Ok(());
    }
    if is_alternative(request) {
        return Ok(());
    }
    let given = request.header(&CONTENT_TYPE).map(essence);
    let expected = row.question.media_type();
    match (given.as_deref(), expected) {
        (None, None) => Ok(()),
        (Some("application/json"), None) => Ok(()),
        (Some(given), Some(expected)) if given == expected => Ok(()),
        _ => Err(Refusal::silent(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

/// A refusal that tells where something would have been.
fn announced(refusal: Refusal, made_below: Option<&str>) -> Refusal {
    let location = made_below
        .zip(random::id().ok())
        .and_then(|(place, id)| HeaderValue::try_from(format!("{BASE}/{place}/{id}")).ok());
    match location {
        Some(location) => refusal.with(LOCATION, location),
        None => refusal,
    }
}

/// Whether what may be sent instead of the question was sent.
fn is_alternative(request: &Request) -> bool {
    let given = request.header(&CONTENT_TYPE).map(essence);
    let expected = request.row.alternative.media_type();
    given.is_some() && given.as_deref() == expected
}

/// Answers a request that passed the checks.
pub(crate) fn perform(request: &Request, sent: Sent) -> Answer {
    let mut answer = (request.handler.run)(request, sent).unwrap_or_else(Refusal::into_answer);
    let headers = answer.headers_mut();
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.media_type()));
    }
    headers.insert(
        VARY,
        HeaderValue::from_static("Accept, Accept-Encoding, Accept-Charset, Accept-Language"),
    );
    if request.row.method == Method::Get && answer.status() == StatusCode::OK {
        answer = conditional(request, answer);
    }
    answer
}

/// `If-Match` and `If-None-Match` (RFC 9110 §13) for what was read.
fn conditional(request: &Request, mut answer: Answer) -> Answer {
    let hash = digest(&SHA256, answer.body());
    let short: Vec<u8> = hash.as_ref().iter().take(16).copied().collect();
    let tag = format!("\"{}\"", hex::encode(short));
    let names = |name: &HeaderName| {
        let value = request.header(name)?;
        Some(
            value
                .split(',')
                .map(str::trim)
                .any(|own| own == "*" || own == tag),
        )
    };
    if names(&IF_MATCH) == Some(false) {
        return emptied(answer, StatusCode::PRECONDITION_FAILED);
    }
    if names(&IF_NONE_MATCH) == Some(true) {
        return emptied(answer, StatusCode::NOT_MODIFIED);
    }
    let is_tagged =
        request.handler.caching == Caching::Tagged && !request.query::<KeyFilter>().usable;
    if let (true, Ok(tag)) = (is_tagged, HeaderValue::try_from(tag)) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

fn emptied(mut answer: Answer, status: StatusCode) -> Answer {
    answer.body_mut().clear();
    *answer.status_mut() = status;
    answer
}

/// Adds what every answer of a resource carries, refusals before the body included.
pub(crate) fn finish(request: &Request, answer: &mut Answer) {
    let headers: &mut HeaderMap = answer.headers_mut();
    if request.handler.caching == Caching::Never {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if !answer.body().is_empty() && !answer.headers().contains_key(CONTENT_TYPE) {
        answer.headers_mut().insert(CONTENT_TYPE, JSON);
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

#[cfg(test)]
mod tests {
    use nethsm::path::Parameters;

    use super::*;

    #[test]
    fn every_row_of_the_table_has_a_handler() {
        for row in table::TABLE {
            assert!(handler(row).is_some(), "{}", row.name);
        }
        assert_eq!(HANDLERS.len(), table::TABLE.len());
    }

    #[test]
    fn parameters_of_one_resource_read_the_same_names() {
        for handler in HANDLERS {
            assert_eq!(
                handler.row.parameters.len(),
                handler.row.path.matches('{').count(),
                "{}",
                handler.row.name
            );
        }
        assert!(<() as Parameters>::NAMES.is_empty());
    }
}
