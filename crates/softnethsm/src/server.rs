//! The server: TLS and HTTP/1.1 around a device.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use nethsm::call::Call;
use nethsm::config::LogLevel;
use nethsm::table::Sign;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::answer::{Answer, empty};
use crate::device::Device;
use crate::error::Error;
use crate::handlers::{self, Sent};
use crate::intake;
use crate::misbehave::Misbehaviour;
use crate::request::Request;
use crate::stream::{Streamed, Wire};
use crate::tls::Identity;

/// The most connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// A client that has connected says what it wants in this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection may be idle, or take for the head of a request, this long.
const IDLE: Duration = Duration::from_secs(90);
/// Requests under way at the end get this long.
const ENDING: Duration = Duration::from_secs(10);

/// A running server. Dropping it ends it like [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    device: Arc<Device>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the device at `address` (`ADDR:PORT`; port 0 picks a free one), in threads of its own.
    /// Connections are accepted when this returns.
    ///
    /// Without an identity, the device uses the certificate that it keeps, which anybody may read
    /// in its data folder as `tls-cert.pem`: made by itself, or set through the API. With one, it
    /// is shown until another is set through the API.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] if the address is not free, [`Error::Certificate`] or [`Error::File`] if
    /// the device's own certificate cannot be used.
    pub fn start(device: Device, address: &str, identity: Option<Identity>) -> Result<Self, Error> {
        Self::start_misbehaving(device, address, identity, Misbehaviour::default())
    }

    /// Like [`Server::start`], with wrong answers if they were built in and asked for.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn start_misbehaving(
        device: Device,
        address: &str,
        identity: Option<Identity>,
        misbehaviour: Misbehaviour,
    ) -> Result<Self, Error> {
        match identity {
            Some(identity) => device.show(identity),
            None => drop(device.identity()?),
        }
        let failed = |source| Error::Listen {
            address: address.to_owned(),
            source,
        };
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let listener = runtime
            .block_on(TcpListener::bind(address))
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let device = Arc::new(device);
        let (stop, stopped) = watch::channel(false);
        let service = Service {
            device: Arc::clone(&device),
            misbehaviour,
        };
        let thread = std::thread::spawn(move || run(runtime, listener, service, stopped));
        Ok(Self {
            address,
            stop,
            device,
            thread: Some(thread),
        })
    }

    /// Waits until somebody turns the device off through the API. The server has stopped, or is
    /// about to: [`Server::stop`] waits for that.
    pub async fn turned_off(&self) {
        self.device.turned_off().await;
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server: no new connections, ten seconds for requests under way, and all counts on
    /// disk.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the counts cannot be written.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end();
        Ok(self.device.settle()?)
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone)]
struct Service {
    device: Arc<Device>,
    misbehaviour: Misbehaviour,
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped")]
struct Dropped;

fn run(runtime: Runtime, listener: TcpListener, service: Service, stopped: watch::Receiver<bool>) {
    runtime.block_on(accept(listener, service, stopped));
    runtime.shutdown_timeout(ENDING);
}

async fn accept(listener: TcpListener, service: Service, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let stop = stopped.clone();
    let device = Arc::clone(&service.device);
    let end = async {
        tokio::select! { () = told(&mut stopped) => {}, () = device.turned_off() => {} }
    };
    tokio::pin!(end);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut end => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (service, stop) = (service.clone(), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    // What goes wrong on one connection is the concern of its client.
                    let _ = converse(stream, peer.ip(), service, stop).await;
                });
            }
            // Out of files, most likely: wait for connections to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    drop(listener);
    let _ = timeout(ENDING, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}

async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    service: Service,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // The certificate of this moment; connections that are there keep theirs.
    let identity = service.device.identity().map_err(io::Error::other)?;
    let acceptor = TlsAcceptor::from(identity.config());
    let device = Arc::clone(&service.device);
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_headers(64)
        .max_buf_size(64 << 10)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| respond(service.clone(), peer, request)),
        );
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = device.turned_off() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    ended.map_err(io::Error::other)
}

/// Waits until the server is told to stop, or is gone.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

async fn respond(
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
