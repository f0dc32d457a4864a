//! A stand-in for the device: TLS on a loopback port, and answers of the test's choice.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nethsm::client::{Client, Options, Tls};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::PrivateKeyDer;

/// What the device does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Answers with status, media type and body.
    Answer(u16, &'static str, Vec<u8>),
    /// Answers success without a body, after a while.
    Slow(Duration),
    /// Sends these bytes, whatever they are, and hangs up.
    Raw(Vec<u8>),
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    Reply::Answer(status, "application/json", body.as_bytes().to_vec())
}

pub(crate) fn empty(status: u16) -> Reply {
    Reply::Answer(status, "application/json", Vec::new())
}

/// What the device has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Connections accepted.
    pub(crate) connections: usize,
    /// Requests: first line, headers (names in lower case), body.
    pub(crate) requests: Vec<Request>,
}

pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Whether the body came together with the head.
    pub(crate) whole: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(found, _)| found == name)?;
        Some(&header.1)
    }
}

pub(crate) struct Device {
    pub(crate) address: SocketAddr,
    /// Its certificate, DER.
    pub(crate) certificate: Vec<u8>,
    /// The authority that vouches for it, PEM.
    pub(crate) authority: String,
    seen: Arc<Mutex<Seen>>,
}

/// How the device does TLS.
pub(crate) struct Manners {
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) key: Key,
}

#[derive(PartialEq)]
pub(crate) enum Key {
    /// Signs with the key of its certificate.
    Own,
    /// Shows a certificate of which it does not have the key.
    Foreign,
}

impl Device {
    /// A device that gives these replies in turn, the last one over and over.
    pub(crate) fn replying(replies: Vec<Reply>) -> Self {
        let manners = Manners {
            versions: vec![&TLS13, &TLS12],
            key: Key::Own,
        };
        Self::with(&manners, replies)
    }

    pub(crate) fn with(manners: &Manners, replies: Vec<Reply>) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");

        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).expect("two names");
        let mut key = KeyPair::generate().expect("a key");
        let certificate = certificate.signed_by(&key, &authority).expect("signed");
        if manners.key == Key::Foreign {
            key = KeyPair::generate().expect("another key");
        }

        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let signer = any_supported_type(&private).expect("a signer");
        let shown = CertifiedKey::new(vec![certificate.der().clone()], signer);
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&manners.versions)
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(Arc::new(shown))));

        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let device = Self {
            address: listener.local_addr().expect("an address"),
            certificate: certificate.der().to_vec(),
            authority: authority.pem(),
            seen: Arc::default(),
        };
        let seen = device.seen.clone();
        thread::spawn(move || accept(&listener, &Arc::new(config), &seen, &Arc::new(replies)));
        device
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(&Tls::pin(&self.certificate), &Options::default())
    }

    pub(crate) fn client_with(&self, tls: &Tls, options: &Options) -> Client {
        let url = format!("https://{}", self.address).parse().expect("a URL");
        Client::with_options(&url, tls, options).expect("a client")
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no test panicked here")
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn accept(
    listener: &TcpListener,
    config: &Arc<ServerConfig>,
    seen: &Arc<Mutex<Seen>>,
    replies: &Arc<Vec<Reply>>,
) {
    for socket in listener.incoming() {
        let Ok(socket) = socket else { return };
        seen.lock().expect("no panic").connections += 1;
        let (config, seen, replies) = (config.clone(), seen.clone(), replies.clone());
        // What goes wrong on a connection is what the client is asked about.
        thread::spawn(move || serve(socket, config, &seen, &replies).ok());
    }
}

fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    seen: &Mutex<Seen>,
    replies: &[Reply],
) -> std::io::Result<()> {
    let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(tls, socket));
    while let Some(request) = read(&mut stream)? {
        let place = {
            let mut seen = seen.lock().expect("no panic");
            seen.requests.push(request);
            seen.requests.len() - 1
        };
        let reply = replies.get(place).or(replies.last()).expect("a reply");
        let stream = stream.get_mut();
        match reply {
            Reply::Answer(status, media_type, body) => {
                let length = match status {
                    204 | 304 => String::new(),
                    _ => format!("Content-Length: {}\r\n", body.len()),
                };
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\n{length}\r\n");
                stream.write_all(&[head.as_bytes(), body].concat())?;
            }
            Reply::Slow(pause) => {
                thread::sleep(*pause);
                stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")?;
            }
            Reply::Raw(bytes) => {
                stream.write_all(bytes)?;
                stream.conn.send_close_notify();
                return stream.flush();
            }
        }
        stream.flush()?;
    }
    Ok(())
}

fn read(stream: &mut BufReader<impl Read>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut request = Request {
        line: line.trim_end().to_owned(),
        headers: Vec::new(),
        body: String::new(),
        whole: false,
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .push((name.to_lowercase(), value.trim().to_owned()));
    }
    if request.header("transfer-encoding") == Some("chunked") {
        request.body = chunks(stream)?;
        return Ok(Some(request));
    }
    let length = request
        .header("content-length")
        .map_or("0", |length| length);
    let length: u64 = length.parse().expect("a length");
    request.whole = u64::try_from(stream.buffer().len()).expect("small") == length;
    stream.take(length).read_to_string(&mut request.body)?;
    Ok(Some(request))
}

/// A body in chunks (RFC 9112 §7.1).
fn chunks(stream: &mut BufReader<impl Read>) -> std::io::Result<String> {
    let mut body = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
        stream.by_ref().take(length).read_to_string(&mut body)?;
        stream.read_line(&mut line)?;
        if length == 0 {
            return Ok(body);
        }
    }
}
