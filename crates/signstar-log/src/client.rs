//! The log as signing processes reach it.

use std::{
    fmt, io,
    io::{BufReader, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use signstar::{
    config::ClientName,
    log::{Entry, Policy, Proof, Recorder, RecorderError, RequestId, Unacceptable},
};

use crate::wire::{Answer, Question, Trouble, read_frame};

/// The most questions that wait for their answer: as many as the log takes.
const IN_FLIGHT: usize = 64;
/// The longest wait for witnesses, and how long until the log is asked about them again.
const WITNESSES: Duration = Duration::from_secs(10);
const LISTEN_AGAIN: Duration = Duration::from_millis(50);

/// A connection to a log, shared by all threads of a process. It is made when it is needed, and
/// made again after it broke.
pub struct Client {
    socket: PathBuf,
    patience: Duration,
    connection: Mutex<Option<Connection>>,
}

/// Why the log gave no proof.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers, or not in time, or the log has stopped: a later try may succeed. Whether
    /// the entry is on record is not known.
    #[error("the log does not answer on {}: {reason}", socket.display())]
    Unavailable {
        /// Where it should be.
        socket: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The log does not take this entry, or not from this user.
    #[error("the log refuses: {0}")]
    Refused(String),
}

/// A stream with a thread that hands the answers out, in the order of the questions.
struct Connection {
    stream: UnixStream,
    waiting: SyncSender<SyncSender<Answer>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// The log that listens on `socket`; each question is answered within `patience` or fails.
    pub fn new(socket: &Path, patience: Duration) -> Self {
        Self {
            socket: socket.to_owned(),
            patience,
            connection: Mutex::new(None),
        }
    }

    /// Appends an entry in its canonical form and returns its proof (C2SP `tlog-proof`, not
    /// verified), or that of an earlier entry with the same client and id.
    pub fn append(&self, entry: Vec<u8>) -> Result<String, ClientError> {
        match self.ask(&Question::Append(entry))? {
            Answer::Proof(proof) => Ok(proof),
            Answer::Nothing => Err(self.unavailable("it gave no proof")),
            Answer::Trouble(..) => Err(self.unavailable("it has stopped")),
        }
    }

    /// The proof (not verified) for the request `id` of `client`, if it is on record.
    pub fn find(&self, client: &str, id: &RequestId) -> Result<Option<String>, ClientError> {
        let question = Question::Find {
            client: client.to_owned(),
            id: id.clone(),
        };
        match self.ask(&question)? {
            Answer::Proof(proof) => Ok(Some(proof)),
            Answer::Nothing => Ok(None),
            Answer::Trouble(..) => Err(self.unavailable("it has stopped")),
        }
    }

    /// The proof (not verified) of the entry `index`, if there is one; from the checkpoint with the
    /// most cosignatures among the newest.
    pub fn prove(&self, index: u64) -> Result<Option<String>, ClientError> {
        match self.ask(&Question::Prove(index))? {
            Answer::Proof(proof) => Ok(Some(proof)),
            Answer::Nothing => Ok(None),
            Answer::Trouble(..) => Err(self.unavailable("it has stopped")),
        }
    }

    fn ask(&self, question: &Question) -> Result<Answer, ClientError> {
        let answer = self
            .send(&question.to_frame())
            .map_err(|error| self.unavailable(&error.to_string()))?;
        match answer.recv_timeout(self.patience) {
            Ok(Answer::Trouble(Trouble::Refused, reason)) => Err(ClientError::Refused(reason)),
            Ok(Answer::Trouble(Trouble::Stopped, reason)) => Err(self.unavailable(&reason)),
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Disconnected) => Err(self.unavailable("the connection broke")),
            Err(RecvTimeoutError::Timeout) => {
                // Answers come in order: none of the others will come either.
                *self.lock() = None;
                Err(self.unavailable("not in time"))
            }
        }
    }

    /// Writes a question over the connection that is there, else over a new one.
    fn send(&self, frame: &[u8]) -> io::Result<Receiver<Answer>> {
        let mut connection = self.lock();
        if let Some(open) = &*connection
            && let Ok(answer) = open.send(frame)
        {
            return Ok(answer);
        }
        // It was closed since the last question. That one was not taken.
        *connection = None;
        let open = Connection::open(&self.socket, self.patience)?;
        let answer = open.send(frame)?;
        *connection = Some(open);
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        // Who panicked left a connection or none.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn unavailable(&self, reason: &str) -> ClientError {
        ClientError::Unavailable {
            socket: self.socket.clone(),
            reason: reason.to_owned(),
        }
    }
}

impl Recorder for Client {
    fn find(&self, client: &ClientName, id: &RequestId) -> Result<Option<String>, RecorderError> {
        Self::find(self, client.as_str(), id).map_err(RecorderError::from)
    }

    fn append(&self, entry: &Entry) -> Result<String, RecorderError> {
        Self::append(self, entry.to_octets()).map_err(RecorderError::from)
    }

    fn witnessed(&self, mut proof: String, policy: &Policy) -> Result<String, RecorderError> {
        let end = Instant::now() + WITNESSES.min(self.patience);
        loop {
            let Ok(parsed) = Proof::parse(proof.as_bytes()) else {
                return Ok(proof);
            };
            let lacks = policy.check(parsed.checkpoint()) == Err(Unacceptable::NoQuorum);
            if !lacks || Instant::now() >= end {
                return Ok(proof);
            }
            thread::sleep(LISTEN_AGAIN);
            if let Some(later) = self.prove(parsed.index())? {
                proof = later;
            }
        }
    }
}

impl From<ClientError> for RecorderError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unavailable { .. } => Self::Unavailable(Box::new(error)),
            ClientError::Refused(_) => Self::Refused(Box::new(error)),
        }
    }
}

impl Connection {
    fn open(socket: &Path, patience: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_write_timeout(Some(patience))?;
        let reader = stream.try_clone()?;
        let (waiting, order) = sync_channel(IN_FLIGHT);
        thread::Builder::new().spawn(move || hand_out(reader, &order))?;
        Ok(Self { stream, waiting })
    }

    fn send(&self, frame: &[u8]) -> io::Result<Receiver<Answer>> {
        let (reply, answer) = sync_channel(1);
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.waiting.send(reply).map_err(closed)?;
        (&self.stream).write_all(frame)?;
        Ok(answer)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Ends the thread that reads.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Gives each answer to whoever has waited longest. Dropping the rest tells the others.
fn hand_out(stream: UnixStream, order: &Receiver<SyncSender<Answer>>) {
    let mut input = BufReader::new(stream);
    while let Ok(Some(octets)) = read_frame(&mut input) {
        let Some(answer) = Answer::parse(&octets) else {
            break;
        };
        let Ok(waiting) = order.recv() else {
            break;
        };
        // Who has lost patience does not listen any more.
        let _ = waiting.try_send(answer);
    }
    let _ = input.into_inner().shutdown(Shutdown::Both);
}
