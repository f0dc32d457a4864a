//! The HTTP of a connector.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use signstar_hsm::yubihsm2::command::MAX_MESSAGE;

use crate::{Device, Error, Misbehaviour};

/// The longest head of a request, in octets.
const MAX_HEAD: usize = 8 << 10;
/// The pause between two octets of an answer that is slow.
const SLOW: Duration = Duration::from_millis(300);

/// A connector with its device, on a thread of its own for each connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    device: Arc<Device>,
    ended: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl Server {
    /// Listens on `address`; with port 0 on one that is free.
    pub fn start(device: Arc<Device>, address: &str) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let shared = Arc::new(Shared {
            device,
            ended: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let of_thread = shared.clone();
        let listening = thread::spawn(move || listen(&listener, &of_thread));
        Ok(Self {
            address,
            shared,
            listening: Some(listening),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and breaks all connections off.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(listening) = self.listening.take() else {
            return;
        };
        self.shared.ended.store(true, Ordering::SeqCst);
        // Who waits for a connection gets one.
        let _ = TcpStream::connect(self.address);
        let _ = listening.join();
        for connection in self.shared.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        // A list is sound whatever happened to who held it.
        (self.connections.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let Ok(known) = connection.try_clone() else {
            continue;
        };
        shared.connections().push(known);
        let shared = shared.clone();
        thread::spawn(move || {
            let peer = connection.peer_addr().ok();
            // Whoever breaks off knows why.
            let _ = serve(&connection, &shared);
            // The list has the connection as well, which would stay open with it.
            let _ = connection.shutdown(Shutdown::Both);
            let mut all = shared.connections();
            all.retain(|one| one.peer_addr().ok() != peer);
        });
    }
}

/// Answers requests until the other end has no more.
fn serve(mut connection: &TcpStream, shared: &Shared) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        let Some((request, octets)) = next(&mut connection, &mut received)? else {
            return Ok(());
        };
        received.drain(..octets);
        let misbehaviour = shared.device.misbehaviour();
        let (status, body) = match &request {
            Request::Api(_) if misbehaviour == Misbehaviour::Unplugged => {
                ("500 Internal Server Error", Vec::new())
            }
            Request::Api(message) => match shared.device.answer_that_comes_back(message) {
                Some(answer) => ("200 OK", answer),
                None => ("500 Internal Server Error", Vec::new()),
            },
            Request::Status => ("200 OK", status(connection.local_addr()?).into_bytes()),
            Request::Other => ("404 Not Found", Vec::new()),
        };
        let body = spoilt(misbehaviour, body);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), &body].concat();
        if misbehaviour == Misbehaviour::Slow {
            for octet in answer {
                thread::sleep(SLOW);
                connection.write_all(&[octet])?;
            }
        } else {
            connection.write_all(&answer)?;
        }
    }
}

/// What becomes of an answer on its way.
fn spoilt(misbehaviour: Misbehaviour, mut body: Vec<u8>) -> Vec<u8> {
    match misbehaviour {
        Misbehaviour::Garbage => b"no message".to_vec(),
        Misbehaviour::Tampering => {
            body.iter_mut()
                .skip(8)
                .take(1)
                .for_each(|octet| *octet ^= 1);
            body
        }
        _ => body,
    }
}

fn status(address: SocketAddr) -> String {
    format!(
        "status=OK\nserial=*\nversion={}\npid={}\naddress={}\nport={}\n",
        env!("CARGO_PKG_VERSION"),
        process::id(),
        address.ip(),
        address.port()
    )
}

enum Request {
    /// A message for the device.
    Api(Vec<u8>),
    Status,
    Other,
}

/// The next request, and how many octets it has.
fn next(
    connection: &mut &TcpStream,
    received: &mut Vec<u8>,
) -> io::Result<Option<(Request, usize)>> {
    loop {
        if let Some(request) = parse(received)? {
            return Ok(Some(request));
        }
        let mut buffer = [0; 4096];
        let read = connection.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        received.extend(buffer.iter().take(read));
    }
}

fn parse(received: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(received) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) if received.len() < MAX_HEAD => return Ok(None),
        _ => return Err(bad()),
    };
    let length = (head.headers.iter())
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .map(|header| std::str::from_utf8(header.value).map(str::parse::<usize>));
    let length = match length {
        None => 0,
        Some(Ok(Ok(length))) if length <= MAX_MESSAGE => length,
        Some(_) => return Err(bad()),
    };
    let Some(body) = received.get(start..start + length) else {
        return Ok(None);
    };
    let request = match (head.method, head.path) {
        (Some("POST"), Some("/connector/api")) => Request::Api(body.to_vec()),
        (Some("GET"), Some("/connector/status")) => Request::Status,
        _ => Request::Other,
    };
    Ok(Some((request, start + length)))
}
