//! A request on its way through the checks.
//!
//! The checks are one list, in the order of the device, because that order decides which status
//! wins when several are due. What a row of the table says is asked of the row.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
    HeaderValue,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use nethsm::body::Kind;
use nethsm::call::{Admission, BASE, Method, Row};
use nethsm::path::Resource;
use nethsm::query::{self, Query};

use crate::answer::Refusal;
use crate::device::Device;
use crate::handlers::{Handler, handler};
use crate::login::Caller;
use crate::vault::Vault;

const LONGEST_URI: usize = 2000;

/// A request that passed all checks that need no body.
pub(crate) struct Request {
    pub(crate) device: Arc<Device>,
    pub(crate) peer: IpAddr,
    pub(crate) head: Parts,
    /// The method, with HEAD as GET; nothing if no call has it.
    method: Option<Method>,
    pub(crate) resource: Resource,
    pub(crate) row: &'static Row,
    pub(crate) handler: &'static Handler,
    pub(crate) vault: Option<Arc<Vault>>,
    /// Who asks, if that could be said before the checks.
    recognised: Option<Caller>,
    /// Who asks; nobody for calls that are open to all.
    pub(crate) caller: Option<Caller>,
}

type Check = fn(&mut Request) -> Result<(), Refusal>;

/// The order in which the device looks at a request whose path leads somewhere.
const CHECKS: [Check; 10] = [
    is_available,
    has_known_method,
    has_short_uri,
    has_allowed_method,
    is_logged_in,
    is_allowed,
    has_known_content_type,
    has_bounded_length,
    accepts_media_type,
    accepts_identity,
];

impl Request {
    /// Looks up what the path leads to; nothing means 404 `Not found`.
    pub(crate) fn find(device: Arc<Device>, peer: IpAddr, head: Parts) -> Option<Self> {
        let resource = Resource::at(head.uri.path().strip_prefix(BASE)?)?;
        let row = resource.rows().next()?;
        let handler = handler(row)?;
        let method = match head.method.as_str() {
            "HEAD" => Some(Method::Get),
            other => other.parse().ok(),
        };
        let vault = device.vault();
        Some(Self {
            device,
            peer,
            head,
            method,
            resource,
            row,
            handler,
            vault,
            recognised: None,
            caller: None,
        })
    }

    /// Whether the checks and the answer take microseconds: nothing is stretched, made or written
    /// through to the disk. Refuses nothing.
    pub(crate) fn is_quick(&mut self) -> bool {
        let header = self.head.headers.get(AUTHORIZATION);
        if let (Some(vault), Some(header)) = (&self.vault, header) {
            let logins = self.device.logins();
            self.recognised = logins.recognise(vault, self.peer, header.as_bytes());
        }
        let caller = self.recognised.as_ref();
        caller.is_some_and(|caller| (self.handler.is_quick)(self, caller))
    }

    /// Makes all checks that need no body; the first that fails decides.
    pub(crate) fn check(&mut self) -> Result<(), Refusal> {
        CHECKS.iter().try_for_each(|check| check(self))
    }

    /// The media type of the resource, also on its empty answers: that of what can be read there,
    /// else of the answer.
    pub(crate) fn media_type(&self) -> &'static str {
        let read = self.resource.row(Method::Get).map(|row| row.answer);
        read.and_then(Kind::media_type)
            .or_else(|| self.row.answer.media_type())
            .unwrap_or("application/json")
    }

    /// The most octets that a body may have; for some calls any number.
    pub(crate) fn most_octets(&self) -> u64 {
        self.row.most.unwrap_or(u64::MAX)
    }

    /// A header as text; nothing if it is missing or no text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// What stands behind the path.
    pub(crate) fn query<Q: Query>(&self) -> Q {
        let text = self.head.uri.query().unwrap_or_default();
        // As forms are written, a plus is a space.
        query::read(&text.replace('+', "%20"))
    }
}

fn is_available(request: &mut Request) -> Result<(), Refusal> {
    let state = request.device.state();
    let is_there = |row: &Row| row.admission(state) != Admission::Unavailable;
    if request.resource.rows().any(is_there) {
        Ok(())
    } else {
        Err(Refusal::unavailable())
    }
}

fn has_known_method(request: &mut Request) -> Result<(), Refusal> {
    match request.head.method.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "TRACE" | "CONNECT" | "OPTIONS" => Ok(()),
        _ => Err(Refusal::silent(StatusCode::NOT_IMPLEMENTED)),
    }
}

fn has_short_uri(request: &mut Request) -> Result<(), Refusal> {
    let uri = &request.head.uri;
    let length = uri.path_and_query().map_or(0, |uri| uri.as_str().len());
    if length > LONGEST_URI {
        Err(Refusal::silent(StatusCode::URI_TOO_LONG))
    } else {
        Ok(())
    }
}

fn has_allowed_method(request: &mut Request) -> Result<(), Refusal> {
    let found = request
        .method
        .and_then(|method| request.resource.row(method));
    if let Some((row, handler)) = found.and_then(|row| Some((row, handler(row)?))) {
        request.row = row;
        request.handler = handler;
        return Ok(());
    }
    let allowed: Vec<&str> = request
        .resource
        .rows()
        .map(|row| {
            if row.method == Method::Get {
                "GET,HEAD"
            } else {
                row.method.as_str()
            }
        })
        .collect();
    let refusal = Refusal::silent(StatusCode::METHOD_NOT_ALLOWED);
    Err(match HeaderValue::from_str(&allowed.join(",")) {
        Ok(allowed) => refusal.with(ALLOW, allowed),
        Err(_) => refusal,
    })
}

fn is_logged_in(request: &mut Request) -> Result<(), Refusal> {
    match request.row.admission(request.device.state()) {
        Admission::Unavailable => return Err(Refusal::unavailable()),
        Admission::Open => return Ok(()),
        Admission::Rescue => return is_rescuer(request),
        Admission::Login => {}
    }
    let vault = request.vault.as_ref().ok_or_else(Refusal::unavailable)?;
    let header = request
        .head
        .headers
        .get(AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    request.caller = Some(match request.recognised.take() {
        Some(caller) => caller,
        None => request.device.logins().check(vault, request.peer, header)?,
    });
    Ok(())
}

/// The one who may save a failed device: they know what unlocks it.
fn is_rescuer(request: &Request) -> Result<(), Refusal> {
    let device = &request.device;
    let header = request
        .head
        .headers
        .get(AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    device
        .logins()
        .check_rescuer(request.peer, header, |passphrase| {
            device
                .hierarchy()
                .unlock(device.store(), passphrase)
                .is_ok()
        })?;
    Ok(())
}

fn is_allowed(request: &mut Request) -> Result<(), Refusal> {
    let (Some(caller), Some(vault)) = (&request.caller, &request.vault) else {
        return Ok(());
    };
    // Users of a namespace that is not there may do nothing.
    if let Some(namespace) = caller.id.namespace()
        && !vault.has_namespace(&namespace)?
    {
        return Err(Refusal::forbidden());
    }
    if request.row.allows(caller.role, caller.id.origin()) {
        (request.handler.allow)(request)
    } else {
        Err(Refusal::forbidden())
    }
}

fn has_known_content_type(request: &mut Request) -> Result<(), Refusal> {
    let given = request.header(&CONTENT_TYPE).map(essence);
    if request.handler.content_types.is_empty()
        || given.is_some_and(|given| request.handler.content_types.contains(&given.as_str()))
    {
        return Ok(());
    }
    Err(Refusal::silent(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn has_bounded_length(request: &mut Request) -> Result<(), Refusal> {
    let length = request
        .header(&CONTENT_LENGTH)
        .and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > request.most_octets()) {
        return Err(Refusal::silent(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

fn accepts_media_type(request: &mut Request) -> Result<(), Refusal> {
    let own = request.media_type();
    let (group, _) = own.split_once('/').unwrap_or((own, ""));
    let fits =
        |range: &str| range == "*/*" || range == own || range.strip_suffix("/*") == Some(group);
    let headers = &request.head.headers;
    if headers.contains_key(ACCEPT)
        && !weighted(headers, &ACCEPT).any(|(range, good)| good && fits(&range))
    {
        return Err(Refusal::silent(StatusCode::NOT_ACCEPTABLE));
    }
    Ok(())
}

fn accepts_identity(request: &mut Request) -> Result<(), Refusal> {
    let headers = &request.head.headers;
    let is_refused =
        weighted(headers, &ACCEPT_ENCODING).any(|(name, good)| !good && name == "identity");
    if is_refused {
        // The media type is settled by now, and told.
        let settled = HeaderValue::from_static(request.media_type());
        Err(Refusal::silent(StatusCode::NOT_ACCEPTABLE).with(CONTENT_TYPE, settled))
    } else {
        Ok(())
    }
}

/// The entries of a list header (RFC 9110 §12.5), lower case, and whether their weight is above 0.
fn weighted<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (String, bool)> + use<'a> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|entry| {
        let weight = entry
            .split(';')
            .skip(1)
            .find_map(|parameter| parameter.trim().strip_prefix("q="));
        let is_good =
            weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0));
        (essence(entry), is_good)
    })
}

/// A media type without its parameters, lower case.
pub(crate) fn essence(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
