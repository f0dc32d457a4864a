//! Connections that stay open and ask as fast as they are answered.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Failed;
use crate::server::Running;
use crate::work::{Login, Request};

/// How many connections ask at once.
pub(crate) const CONNECTIONS: usize = 64;
/// Of each connection, so many answers are kept.
const SAMPLES: usize = 4;

/// When to stop asking.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// The requests are repeated until this time has passed.
    Passed(Duration),
    /// Each request is made once.
    Done,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    took: Duration,
    latencies: Vec<Duration>,
    /// Bodies of some answers.
    pub(crate) samples: Vec<Vec<u8>>,
}

impl Outcome {
    /// How many answers came.
    pub(crate) fn made(&self) -> usize {
        self.latencies.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.made() as f64 / self.took.as_secs_f64()
    }

    /// So many percent of the answers took no longer than this.
    pub(crate) fn milliseconds(&self, percent: usize) -> f64 {
        let index = self.made() * percent / 100;
        let latency = self.latencies.get(index);
        latency.map_or(f64::NAN, |latency| 1e3 * latency.as_secs_f64())
    }

    fn add(&mut self, other: Self) {
        self.took = self.took.max(other.took);
        self.latencies.extend(other.latencies);
        self.samples.extend(other.samples);
    }
}

/// Threads of the client: an answer costs it far less than the server.
pub(crate) fn threads(cores: usize) -> usize {
    (cores / 4).max(1)
}

/// A server's address and what it takes to ask there.
#[derive(Clone)]
pub(crate) struct Connections {
    address: SocketAddr,
    connector: TlsConnector,
    login: Login,
}

/// What all threads share.
struct Load {
    requests: Vec<Vec<u8>>,
    until: Until,
    next: AtomicUsize,
    start: Barrier,
}

impl Connections {
    pub(crate) fn new(running: &Running, login: Login) -> Result<Self, Failed> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(running.certificate())?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, running.port).into(),
            connector: TlsConnector::from(Arc::new(config)),
            login,
        })
    }

    /// Makes the requests, over all connections at once. Any answer but a success is an error.
    ///
    /// Before the clock starts, every connection is open, and the login is known.
    pub(crate) fn run(&self, requests: &[Request], until: Until) -> Result<Outcome, Failed> {
        let threads = threads(thread::available_parallelism()?.get());
        let load = Arc::new(Load {
            requests: requests.iter().map(|one| one.octets(self.login)).collect(),
            until,
            next: AtomicUsize::new(0),
            start: Barrier::new(threads),
        });
        let running: Vec<_> = (0..threads)
            .map(|index| {
                let count = CONNECTIONS / threads + usize::from(index < CONNECTIONS % threads);
                let (load, own) = (Arc::clone(&load), self.clone());
                thread::spawn(move || own.take_part(&load, count))
            })
            .collect();
        let mut all = Outcome::default();
        for thread in running {
            all.add(thread.join().map_err(|_| "the client panicked")??);
        }
        all.latencies.sort_unstable();
        Ok(all)
    }

    /// Opens connections in this thread, waits for the others, and asks.
    fn take_part(&self, load: &Arc<Load>, count: usize) -> Result<Outcome, Failed> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let opened = self.open_all(count).await;
            // Also after a failure: the other threads wait here.
            load.start.wait();
            let start = Instant::now();
            let mut talks = JoinSet::new();
            for connection in opened? {
                talks.spawn(talk(Arc::clone(load), connection, start));
            }
            let mut all = Outcome::default();
            while let Some(outcome) = talks.join_next().await {
                all.add(outcome??);
            }
            Ok(all)
        })
    }

    async fn open_all(&self, count: usize) -> Result<Vec<Connection>, Failed> {
        let first = Request::own_user(self.login).octets(self.login);
        let mut opened = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::from(self.address.ip());
            let mut connection = Connection {
                stream: self.connector.connect(name, stream).await?,
                answer: Vec::with_capacity(4 << 10),
            };
            connection.ask(&first).await?;
            opened.push(connection);
        }
        Ok(opened)
    }
}

/// Asks on one connection until there is nothing left to ask or no time.
async fn talk(
    load: Arc<Load>,
    mut connection: Connection,
    start: Instant,
) -> Result<Outcome, Failed> {
    let mut own = Outcome::default();
    loop {
        let index = load.next.fetch_add(1, Ordering::Relaxed);
        let request = match load.until {
            Until::Done => load.requests.get(index),
            Until::Passed(time) if start.elapsed() < time => {
                load.requests.get(index % load.requests.len())
            }
            Until::Passed(_) => None,
        };
        let Some(request) = request else {
            own.took = start.elapsed();
            return Ok(own);
        };
        let asked = Instant::now();
        let body = connection.ask(request).await?;
        own.latencies.push(asked.elapsed());
        if own.samples.len() < SAMPLES {
            own.samples.push(body.to_vec());
        }
    }
}

struct Connection {
    stream: TlsStream<TcpStream>,
    answer: Vec<u8>,
}

impl Connection {
    /// Sends one request; the body of its answer.
    async fn ask(&mut self, request: &[u8]) -> Result<&[u8], Failed> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        self.answer.clear();
        loop {
            if let Some(body) = body(&self.answer)? {
                return Ok(self.answer.get(body..).unwrap_or_default());
            }
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server hung up".into());
            }
        }
    }
}

/// Where the body of a whole answer begins; nothing while some of it is missing.
fn body(answer: &[u8]) -> Result<Option<usize>, Failed> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some((head, begin)) = end.and_then(|end| Some((answer.get(..end)?, end + 4))) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(head)?;
    if !head.starts_with("HTTP/1.1 2") {
        return Err(format!("refused: {}", head.lines().next().unwrap_or_default()).into());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let length: usize = length.unwrap_or("0").parse()?;
    Ok((answer.len() >= begin + length).then_some(begin))
}
