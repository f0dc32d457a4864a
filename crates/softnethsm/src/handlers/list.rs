//! The handlers of all calls in one list.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use nethsm::body::Body;
use nethsm::call::{BASE, Method, Row};
use nethsm::{for_each_call, table};

use super::caching::{Caching, describe};
use super::{BadNames, Handle, Sent};
use crate::answer::{Answer, Refusal, empty};
use crate::login::Caller;
use crate::random;
use crate::request::{Request, essence};

/// A handler with its types worn off, so that all fit into one list.
pub(crate) struct Handler {
    row: Row,
    pub(super) caching: Caching,
    pub(crate) content_types: &'static [&'static str],
    pub(crate) is_quick: fn(&Request, &Caller) -> bool,
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
        is_quick: is_quick::<C>,
        allow: allow::<C>,
        run: run::<C>,
    }
}

/// The handler of a row.
pub(crate) fn handler(row: &Row) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.row == *row)
}

fn is_quick<C: Handle>(request: &Request, caller: &Caller) -> bool {
    let at = request.resource.parameters::<C::Parameters>();
    at.is_ok_and(|at| C::is_quick(request, caller, &at))
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
pub(super) fn announced(refusal: Refusal, made_below: Option<&str>) -> Refusal {
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
    let answer = (request.handler.run)(request, sent).unwrap_or_else(Refusal::into_answer);
    describe(request, answer)
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
