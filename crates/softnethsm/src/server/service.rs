//! The service: from the head of a request to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue, LOCATION};
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use nethsm::call::Call;
use nethsm::config::LogLevel;
use nethsm::table::Sign;
use tokio::task::spawn_blocking;

use crate::answer::{Answer, empty};
use crate::device::Device;
use crate::handlers::{self, Sent};
use crate::intake;
use crate::misbehave::Misbehaviour;
use crate::request::Request;
use crate::stream::{Streamed, Wire};

#[derive(Clone)]
pub(super) struct Service {
    pub(super) device: Arc<Device>,
    pub(super) misbehaviour: Misbehaviour,
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped")]
pub(super) struct Dropped;

pub(super) async fn respond(
    service: Service,
    peer: IpAddr,
    request: HttpRequest<Incoming>,
) -> Result<Response<Wire>, Dropped> {
    let begin = Instant::now();
    let (head, body) = request.into_parts();
    let is_front_page = head.uri.path() == "/" && matches!(head.method, Method::GET | Method::HEAD);
    if is_front_page {
        return Ok(wire(text(
            StatusCode::OK,
            "softnethsm: the API is below /api/v1\n",
        )));
    }
    let device = Arc::clone(&service.device);
    let line = format!("{peer} {} {}", head.method, head.uri.path());
    let Some(mut request) = Request::find(service.device, peer, head) else {
        let mut answer = empty(StatusCode::NOT_FOUND);
        answer.body_mut().extend_from_slice(b"Not found");
        note(&device, None, &line, &answer, begin);
        return Ok(wire(answer));
    };
    // Looking up a user reads the store and may stretch a passphrase.
    let (request, checked) = blocking(move || {
        let checked = request.check();
        (request, checked)
    })
    .await?;
    let is_waiting = request.head.headers.contains_key(EXPECT);
    let call = request.row.name;
    let sent = match checked {
        Ok(()) if request.row.most.is_none() => intake::keep(body, &device).await.map(Sent::File),
        Ok(()) => intake::read(body, request.most_octets()).await,
        Err(refusal) => {
            intake::drain(body, is_waiting).await;
            Err(refusal)
        }
    };
    let answer = blocking(move || {
        let mut answer = match sent {
            Ok(sent) => handlers::perform(&request, sent),
            Err(refusal) => refusal.into_answer(),
        };
        handlers::finish(&request, &mut answer);
        let caller = request.caller.as_ref().map(|caller| caller.id.as_str());
        let line = format!("{} {line}", caller.unwrap_or("-"));
        note(&device, Some(call), &line, &answer, begin);
        answer
    })
    .await?;
    if call == Sign::ROW.name {
        return service
            .misbehaviour
            .apply(answer)
            .await
            .map(wire)
            .ok_or(Dropped);
    }
    Ok(wire(answer))
}

/// Counts an answer and writes it to the log: who asked, from where, for what, and what came of it.
fn note(device: &Device, call: Option<&str>, line: &str, answer: &Answer, begin: Instant) {
    let status = answer.status();
    device
        .counters()
        .answered(call, status.as_u16(), begin.elapsed());
    let level = match status {
        _ if status.is_server_error() => LogLevel::Error,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            LogLevel::Warning
        }
        _ => LogLevel::Info,
    };
    let made = answer.headers().get(LOCATION);
    let made = made.and_then(|location| location.to_str().ok());
    let made = made.map_or_else(String::new, |location| format!(" {location}"));
    device.log(level, &format!("{line} {}{made}", status.as_u16()));
}

/// Work that takes a core or the disk. If it panics, the connection is closed without an answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Dropped> {
    spawn_blocking(work).await.map_err(|_| Dropped)
}

fn text(status: StatusCode, text: &str) -> Answer {
    let mut answer = empty(status);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer.body_mut().extend_from_slice(text.as_bytes());
    answer
}

fn wire(mut answer: Answer) -> Response<Wire> {
    let streamed = answer.extensions_mut().remove::<Streamed>();
    answer.map(|body| Wire::new(body, streamed.as_ref()))
}
