//! A process that has the module of a token, and one session with it.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Read},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    TokenError,
    wire::{self, Answer, Question},
};

const PROGRAM: &str = "signstar-pkcs11";
/// Where it is if it is not beside the running program.
const FOLDER: &str = "/usr/lib/signstar";
/// How long a process may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(2);

/// A process that has the module, and one session with it. It ends when this is dropped.
pub(super) struct Helper {
    stream: UnixStream,
    child: Option<Child>,
}

impl Helper {
    /// Starts one that sees these environment variables and no others.
    pub(super) fn start(environment: &BTreeMap<String, String>) -> Result<Self, TokenError> {
        Self::spawn(environment).map_err(TokenError::Process)
    }

    fn spawn(environment: &BTreeMap<String, String>) -> io::Result<Self> {
        let (stream, other) = UnixStream::pair()?;
        let child = Command::new(program()?)
            .env_clear()
            .envs(environment)
            .current_dir("/")
            // Signals to the session are for who signs, which ends this when it is done.
            .process_group(0)
            .stdin(OwnedFd::from(other))
            // Modules print. Nobody reads it: over SSH it would be the client.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            stream,
            child: Some(child),
        })
    }

    /// Asks, and waits for the answer until `end`. After an error this is of no use any more.
    pub(super) fn ask(&mut self, question: &Question, end: Instant) -> Result<Answer, TokenError> {
        let asked = self.exchange(question, end);
        if let Err(TokenError::Timeout | TokenError::Garbled(_)) = asked
            && let Some(child) = &mut self.child
        {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
        }
        match asked? {
            Answer::Failed(failure, detail) => Err(TokenError::Failed { failure, detail }),
            answer => Ok(answer),
        }
    }

    fn exchange(&self, question: &Question, end: Instant) -> Result<Answer, TokenError> {
        let mut stream = Until {
            stream: &self.stream,
            end,
        };
        // Less than a socket holds: this does not wait for a module that hangs.
        wire::send(&mut &self.stream, &question.encode()).map_err(told)?;
        let body = wire::receive(&mut stream)
            .map_err(told)?
            .ok_or(TokenError::Crashed)?;
        Ok(Answer::decode(&body)?)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It ends when it finds the stream at its end.
        let _ = self.stream.shutdown(Shutdown::Both);
        let Some(child) = self.child.take() else {
            return;
        };
        // Who waits for a device in the kernel cannot be killed until that is over.
        let reaper = thread::Builder::new().name("reaper".to_owned());
        // Without a thread, whoever reaps this process reaps that one.
        let _ = reaper.spawn(move || reap(child));
    }
}

fn reap(mut child: Child) {
    let end = Instant::now() + FAREWELL;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// What is read of a stream until a point in time.
struct Until<'a> {
    stream: &'a UnixStream,
    end: Instant,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        (&mut &*self.stream).read(buffer)
    }
}

fn told(error: io::Error) -> TokenError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TokenError::Timeout,
        io::ErrorKind::InvalidData => TokenError::Garbled(wire::Garbled),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset => TokenError::Crashed,
        _ => TokenError::Process(error),
    }
}

/// Finds the program: beside the running one (or one folder up, where tests find what they test), or
/// where packages put it.
fn program() -> io::Result<PathBuf> {
    let current = env::current_exe()?;
    let beside = current.ancestors().skip(1).take(2);
    beside
        .chain([Path::new(FOLDER)])
        .map(|folder| folder.join(PROGRAM))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            let text = format!("there is no {PROGRAM} beside this program or in {FOLDER}");
            io::Error::new(io::ErrorKind::NotFound, text)
        })
}
