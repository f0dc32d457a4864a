//! What answers tell of themselves in headers: type, entity tag, what caches may do.

use aws_lc_rs::digest::{SHA256, digest};
use hyper::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, VARY,
};
use hyper::{HeaderMap, StatusCode};
use nethsm::call::Method;
use nethsm::query::KeyFilter;

use crate::answer::{Answer, JSON};
use crate::request::Request;

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

/// Adds what an answer carries to a request that passed the checks.
pub(super) fn describe(request: &Request, mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.media_type()));
    }
    headers.insert(
        VARY,
        HeaderValue::from_static("Accept, Accept-Encoding, Accept-Charset, Accept-Language"),
    );
    if request.row.method == Method::Get && answer.status() == StatusCode::OK {
        return conditional(request, answer);
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
