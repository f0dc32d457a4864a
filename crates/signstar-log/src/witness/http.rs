//! The one question that a witness answers, over HTTP/1.1.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use super::{Answer, NoWitness, Witness};

/// The longest head and the longest body of a question, in octets.
const MAX_HEAD: usize = 8 << 10;
const MAX_BODY: usize = (1 << 18) + 4096;
const MAX_HEADERS: usize = 64;
/// How many are served at once, and how long one may take to ask and to listen.
const CONNECTIONS: usize = 256;
const PATIENCE: Duration = Duration::from_secs(30);
/// Where a question goes, behind whatever a proxy has before it.
const PATH: &str = "/add-checkpoint";

/// A witness that listens. Logs reach it over a proxy that speaks TLS.
#[derive(Debug)]
pub struct Service {
    listener: TcpListener,
    address: SocketAddr,
}

/// One question.
struct Question {
    is_post: bool,
    path: String,
    body: Vec<u8>,
    is_last: bool,
}

/// What is said of a question that is none; nothing more is read.
struct Bad(u16);

impl Service {
    /// Listens on `address`; port 0 takes one that is free.
    pub fn bind(address: SocketAddr) -> Result<Self, NoWitness> {
        let failed = |source| NoWitness::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for `witness` as long as the process lives. `tell` is told of trouble with its disk.
    pub fn serve(self, witness: Witness, tell: impl Fn(&str) + Send + Sync + 'static) {
        let (witness, tell) = (Arc::new(witness), Arc::new(tell));
        let count = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for stream in self.listener.incoming() {
                let Ok(stream) = stream else {
                    // Out of file descriptors, most likely: wait for some to be given back.
                    thread::sleep(Duration::from_millis(50));
                    continue;
                };
                if count.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
                    count.fetch_sub(1, Ordering::AcqRel);
                    continue;
                }
                let (witness, tell, mine) = (witness.clone(), tell.clone(), count.clone());
                let spawned = thread::Builder::new().spawn(move || {
                    // A connection that breaks concerns nobody else.
                    let _ = converse(&stream, &witness, &*tell);
                    mine.fetch_sub(1, Ordering::AcqRel);
                });
                if spawned.is_err() {
                    count.fetch_sub(1, Ordering::AcqRel);
                }
            }
        });
    }
}

fn converse(stream: &TcpStream, witness: &Witness, tell: &dyn Fn(&str)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut input = BufReader::new(stream);
    loop {
        let question = match read(&mut input)? {
            None => return Ok(()),
            Some(Err(Bad(status))) => {
                let plain = "text/plain";
                return (&mut &*stream).write_all(&answer(status, plain, "", true));
            }
            Some(Ok(question)) => question,
        };
        let (status, kind, body) = judge(&question, witness, tell);
        let octets = answer(status, kind, &body, question.is_last);
        (&mut &*stream).write_all(&octets)?;
        if question.is_last {
            return Ok(());
        }
    }
}

fn judge(
    question: &Question,
    witness: &Witness,
    tell: &dyn Fn(&str),
) -> (u16, &'static str, String) {
    let plain = "text/plain; charset=utf-8";
    if !question.path.ends_with(PATH) {
        return (404, plain, "not found\n".to_owned());
    }
    if !question.is_post {
        return (405, plain, "only POST\n".to_owned());
    }
    // Before 1970 the clock is wrong, and whoever checks the time will notice.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    match witness.add_checkpoint(&question.body, now) {
        Answer::Cosigned(line) => (200, plain, format!("{line}\n")),
        Answer::Malformed => (400, plain, "not a submission\n".to_owned()),
        Answer::UnknownLog => (404, plain, "not a log that is watched here\n".to_owned()),
        Answer::NotSigned => (403, plain, "not signed by a key of this log\n".to_owned()),
        Answer::Conflict(size) => (409, "text/x.tlog.size", format!("{size}\n")),
        Answer::NotConsistent => (422, plain, "not a continuation\n".to_owned()),
        Answer::Storage(trouble) => {
            tell(&trouble.to_string());
            (500, plain, "cannot remember\n".to_owned())
        }
    }
}

/// The next question; nothing at the end of the input.
fn read(input: &mut BufReader<&TcpStream>) -> io::Result<Option<Result<Question, Bad>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let room = MAX_HEAD.saturating_sub(head.len());
        let limit = u64::try_from(room).unwrap_or(0);
        if input.by_ref().take(limit).read_until(b'\n', &mut head)? == 0 {
            let is_end = head.is_empty();
            return Ok((!is_end).then_some(Err(Bad(431))));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(_)) = parsed.parse(&head) else {
        return Ok(Some(Err(Bad(400))));
    };
    let values = |name: &'static str| {
        let named = parsed.headers.iter();
        let named = named.filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value)
    };
    if values("transfer-encoding").next().is_some() {
        return Ok(Some(Err(Bad(411))));
    }
    let mut lengths = values("content-length");
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => Some(0),
        (Some(length), None) => str::from_utf8(length)
            .ok()
            .and_then(|text| text.parse().ok()),
        (Some(_), Some(_)) => None,
    };
    let Some(length) = length else {
        return Ok(Some(Err(Bad(400))));
    };
    if length > MAX_BODY {
        return Ok(Some(Err(Bad(413))));
    }
    if values("expect").next().is_some() {
        input
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    let mut closes = values("connection");
    let closes = closes.any(|value| value.eq_ignore_ascii_case(b"close"));
    Ok(Some(Ok(Question {
        is_post: parsed.method == Some("POST"),
        path: parsed.path.unwrap_or_default().to_owned(),
        body,
        is_last: closes || parsed.version != Some(1),
    })))
}

fn answer(status: u16, kind: &str, body: &str, is_last: bool) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        _ => "Bad Request",
    };
    let allow = if status == 405 { "Allow: POST\r\n" } else { "" };
    let end = if is_last { "Connection: close\r\n" } else { "" };
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         {allow}{end}\r\n{body}"
    )
    .into_bytes()
}
