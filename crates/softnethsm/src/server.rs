//! The server: TLS and HTTP/1.1 around a device.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use nethsm::call::Call;
use nethsm::table::Sign;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::answer::{Answer, Refusal, empty};
use crate::device::Device;
use crate::error::Error;
use crate::handlers;
use crate::misbehave::Misbehaviour;
use crate::request::Request;
use crate::tls::Identity;

/// The most connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// A client that has connected says what it wants in this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection may be idle, or take for the head of a request, this long.
const IDLE: Duration = Duration::from_secs(90);
/// A body comes in this time.
const BODY: Duration = Duration::from_secs(60);
/// So many octets of a refused request are taken off the wire, in this time.
const DRAINED: usize = 4 << 20;
const DRAINING: Duration = Duration::from_secs(5);
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
    /// Without an identity, the device uses the certificate it made for itself, which anybody may
    /// read in its data folder as `tls-cert.pem`.
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
        let identity = match identity {
            Some(identity) => identity,
            None => Identity::own(device.folder())?,
        };
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
        let acceptor = TlsAcceptor::from(identity.config());
        let thread = std::thread::spawn(move || run(runtime, listener, acceptor, service, stopped));
        Ok(Self {
            address,
            stop,
            device,
            thread: Some(thread),
        })
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

fn run(
    runtime: Runtime,
    listener: TcpListener,
    acceptor: TlsAcceptor,
    service: Service,
    stopped: watch::Receiver<bool>,
) {
    runtime.block_on(accept(listener, acceptor, service, stopped));
    runtime.shutdown_timeout(ENDING);
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let stop = stopped.clone();
    let end = told(&mut stopped);
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
                let (acceptor, service, stop) = (acceptor.clone(), service.clone(), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    // What goes wrong on one connection is the concern of its client.
                    let _ = converse(stream, peer.ip(), acceptor, service, stop).await;
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
    acceptor: TlsAcceptor,
    service: Service,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
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
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (head, body) = request.into_parts();
    let is_front_page = head.uri.path() == "/" && matches!(head.method, Method::GET | Method::HEAD);
    if is_front_page {
        return Ok(wire(text(
            StatusCode::OK,
            "softnethsm: the API is below /api/v1\n",
        )));
    }
    let Some(mut request) = Request::find(service.device, peer, head) else {
        let mut answer = empty(StatusCode::NOT_FOUND);
        answer.body_mut().extend_from_slice(b"Not found");
        return Ok(wire(answer));
    };
    // Looking up a user reads the store and may stretch a passphrase.
    let (request, checked) = blocking(move || {
        let checked = request.check();
        (request, checked)
    })
    .await?;
    let is_waiting = request.head.headers.contains_key(EXPECT);
    let is_signing = request.row.name == Sign::ROW.name;
    let body = match checked {
        Ok(()) => read(body, request.most_octets()).await,
        Err(refusal) => {
            drain(body, is_waiting).await;
            Err(refusal)
        }
    };
    let answer = blocking(move || {
        let mut answer = match body {
            Ok(body) => handlers::perform(&request, &body),
            Err(refusal) => refusal.into_answer(),
        };
        handlers::finish(&request, &mut answer);
        answer
    })
    .await?;
    if is_signing {
        return service
            .misbehaviour
            .apply(answer)
            .await
            .map(wire)
            .ok_or(Dropped);
    }
    Ok(wire(answer))
}

/// Reads a whole body, within bounds of size and time.
async fn read(body: Incoming, most: u64) -> Result<Bytes, Refusal> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let status = match timeout(BODY, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
        Ok(Err(_)) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    Err(Refusal::silent(status))
}

/// Takes the body of a refused request off the wire, within bounds: a connection that is closed
/// with octets unread is reset, and the client may never see the refusal. A client that waits to
/// be told to continue (RFC 9110 §10.1.1) sends none.
async fn drain(body: Incoming, is_waiting: bool) {
    if is_waiting {
        return;
    }
    let mut body = Limited::new(body, DRAINED);
    let _ = timeout(DRAINING, async {
        while let Some(Ok(_)) = body.frame().await {}
    })
    .await;
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

fn wire(answer: Answer) -> Response<Full<Bytes>> {
    answer.map(|body| Full::new(Bytes::from(body)))
}
