//! The service: from the head of a request to its answer.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue, LOCATION};
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use nethsm::call::{Call, Row};
use nethsm::config::LogLevel;
use nethsm::table::Sign;
use tokio::task::spawn_blocking;

use crate::answer::{Answer, Refusal, empty};
use crate::device::Device;
use crate::handlers::{self, Sent};
use crate::intake;
use crate::misbehave::Misbehaviour;
use crate::request::Request;
use crate::stream::{Streamed, Wire};

/// A body of no more octets may be on its way in one piece with the head.
const SHORT: u64 = 16 << 10;

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
    if !service.misbehaviour.comes() {
        return Err(Dropped);
    }
    let misbehaviour = service.misbehaviour.clone();
    let device = Arc::clone(&service.device);
    let line = format!("{peer} {} {}", head.method, head.uri.path());
    let Some(request) = Request::find(service.device, peer, head) else {
        let mut answer = empty(StatusCode::NOT_FOUND);
        answer.body_mut().extend_from_slice(b"Not found");
        note(&device, None, &line, &answer, begin);
        return Ok(wire(answer));
    };
    let is_signing = request.row.name == Sign::ROW.name;
    let asked = Asked {
        request,
        line,
        begin,
    };
    let answer = if asked.may_come_whole(&body) {
        answer_at_once(asked, body).await?
    } else {
        answer_in_turn(asked, body).await?
    };
    if !misbehaviour.goes() {
        return Err(Dropped);
    }
    if is_signing {
        return misbehaviour.apply(answer).await.map(wire).ok_or(Dropped);
    }
    Ok(wire(answer))
}

/// A request that waits for its answer.
struct Asked {
    request: Request,
    /// What the log says of it.
    line: String,
    begin: Instant,
}

impl Asked {
    /// Whether the body is short, and comes unasked: it may be here with the head.
    fn may_come_whole(&self, body: &Incoming) -> bool {
        let is_bounded = |row: &Row| row.most.is_some();
        body.size_hint().exact().is_some_and(|size| size <= SHORT)
            && !self.is_waiting()
            && self.request.resource.rows().all(is_bounded)
    }

    /// Whether the client waits to be told to send the body.
    fn is_waiting(&self) -> bool {
        self.request.head.headers.contains_key(EXPECT)
    }

    fn answer(self, sent: Result<Sent, Refusal>) -> Answer {
        let Self {
            request,
            line,
            begin,
        } = self;
        let mut answer = match sent {
            Ok(sent) => handlers::perform(&request, sent),
            Err(refusal) => refusal.into_answer(),
        };
        handlers::finish(&request, &mut answer);
        let caller = request.caller.as_ref().map(|caller| caller.id.as_str());
        let line = format!("{} {line}", caller.unwrap_or("-"));
        note(
            &request.device,
            Some(request.row.name),
            &line,
            &answer,
            begin,
        );
        answer
    }
}

/// Makes the checks, reads the body, and answers.
async fn answer_in_turn(asked: Asked, body: Incoming) -> Result<Answer, Dropped> {
    let (asked, checked) = check(asked).await?;
    let request = &asked.request;
    let sent = match checked {
        Ok(()) if request.row.most.is_none() => {
            intake::keep(body, &request.device).await.map(Sent::File)
        }
        Ok(()) => intake::read(body, request.most_octets()).await,
        Err(refusal) => {
            intake::drain(body, asked.is_waiting()).await;
            Err(refusal)
        }
    };
    blocking(move || asked.answer(sent)).await
}

/// The same for a short body. If it came along with the head, all is done in one go, and what is
/// quick in this thread: the way to another and back costs more than a signature. If not, nobody
/// waits for it before the checks are made.
async fn answer_at_once(mut asked: Asked, body: Incoming) -> Result<Answer, Dropped> {
    let mut reading = pin!(intake::read(body, SHORT));
    let here = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await;
    if let Poll::Ready(sent) = here {
        let is_quick = asked.request.is_quick();
        let answer = move || {
            // The checks come first, and with them the length that this call allows.
            let sent = asked.request.check().and(sent);
            asked.answer(sent)
        };
        return if is_quick {
            Ok(answer())
        } else {
            blocking(answer).await
        };
    }
    let (asked, checked) = check(asked).await?;
    let sent = match checked {
        Ok(()) => reading.await,
        Err(refusal) => {
            intake::let_go(reading).await;
            Err(refusal)
        }
    };
    blocking(move || asked.answer(sent)).await
}

/// Looking up a user reads the store and may stretch a passphrase.
async fn check(mut asked: Asked) -> Result<(Asked, Result<(), Refusal>), Dropped> {
    blocking(move || {
        let checked = asked.request.check();
        (asked, checked)
    })
    .await
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
