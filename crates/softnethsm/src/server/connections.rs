//! Connections: accepted, secured, and ended.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::service::{Service, respond};

/// The most connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// A client that has connected says what it wants in this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection may be idle, or take for the head of a request, this long.
const IDLE: Duration = Duration::from_secs(90);
/// Requests under way at the end get this long.
pub(super) const ENDING: Duration = Duration::from_secs(10);

pub(super) async fn accept(
    listener: TcpListener,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
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
