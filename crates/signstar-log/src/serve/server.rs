//! The socket of a log.

use std::{
    fs, io,
    io::{BufReader, BufWriter, Write},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use signstar::log::Entry;

use super::{
    Allowed, Error, Peers, Sequencer,
    queue::{self, Job, Task},
    reply::{Answers, Outcome, Reply, replies},
};
use crate::wire::{Answer, Question, Trouble, read_frame, write_frame};

/// The most questions of one connection that wait, of all connections, and the most connections.
const PER_CONNECTION: usize = 64;
const IN_ALL: usize = 1024;
const MAX_CONNECTIONS: usize = 1024;
/// How long a process may take to read its answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log that can be reached. It ends with [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    jobs: SyncSender<Job>,
    worker: JoinHandle<Result<(), Error>>,
    socket: Option<PathBuf>,
}

/// What every connection shares.
#[derive(Debug)]
struct Door {
    jobs: SyncSender<Job>,
    peers: Peers,
    connections: AtomicUsize,
}

impl Server {
    /// Listens on a new socket `path`. One that a writer left behind is replaced: whoever holds
    /// the lock of the log is the only one.
    pub fn bind(path: &Path) -> Result<UnixListener, Error> {
        let failed = |source| Error::Listen {
            path: path.to_owned(),
            source,
        };
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(failed)?,
            Ok(_) => return Err(failed(io::ErrorKind::AlreadyExists.into())),
            Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        // Everybody may knock; who may come in is told by the kernel, not by the file.
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).map_err(failed)?;
        Ok(listener)
    }

    /// Serves the log of `sequencer` to `peers` on `listener`. If `socket` is given, that file is
    /// removed at the end.
    pub fn start(
        sequencer: Sequencer,
        listener: UnixListener,
        peers: Peers,
        socket: Option<PathBuf>,
    ) -> Self {
        let (jobs, queue) = sync_channel(IN_ALL);
        let bell = jobs.clone();
        sequencer.on_news(move || {
            let (task, reply) = (Task::Listen, Reply::nowhere());
            // A queue that is full is worked off at once, and that does the same.
            let _ = bell.try_send(Job { task, reply });
        });
        let worker = thread::spawn(move || queue::work(sequencer, &queue));
        let door = Arc::new(Door {
            jobs: jobs.clone(),
            peers,
            connections: AtomicUsize::new(0),
        });
        // Ends with the process.
        thread::spawn(move || accept(&listener, &door));
        Self {
            jobs,
            worker,
            socket,
        }
    }

    /// Whether the log has stopped by itself.
    pub fn has_stopped(&self) -> bool {
        self.worker.is_finished()
    }

    /// Answers what waits, and ends. Fails with what stopped the log, if something did.
    pub fn stop(self) -> Result<(), Error> {
        // Fails only if the worker has ended.
        let _ = self.jobs.send(Job {
            task: Task::Stop,
            reply: Reply::nowhere(),
        });
        let outcome = self
            .worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if let Some(socket) = self.socket {
            // What stays is replaced at the next start.
            let _ = fs::remove_file(socket);
        }
        outcome
    }
}

fn accept(listener: &UnixListener, door: &Arc<Door>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of file descriptors, most likely: wait for some to be given back.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        let Some(allowed) = door.peers.allows(&stream) else {
            let words = "this user may not use the log".to_owned();
            let frame = Answer::Trouble(Trouble::Refused, words).to_frame();
            let _ = write_frame(&mut &stream, &frame);
            continue;
        };
        if door.connections.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
            door.connections.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let mine = door.clone();
        let spawned = thread::Builder::new().spawn(move || {
            // A connection that breaks concerns nobody else.
            let _ = converse(&stream, &allowed, &mine);
            mine.connections.fetch_sub(1, Ordering::AcqRel);
        });
        if spawned.is_err() {
            door.connections.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Reads questions until there are no more; a thread of its own writes the answers in order.
fn converse(stream: &UnixStream, allowed: &Allowed, door: &Door) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut input = BufReader::new(stream);
    let (mut replies, answers) = replies(PER_CONNECTION);
    thread::scope(|scope| {
        scope.spawn(move || {
            if write(stream, answers).is_err() {
                // Wakes the reader up.
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        });
        while let Some(octets) = read_frame(&mut input)? {
            let Some(reply) = replies.place() else {
                break;
            };
            match task(&octets, allowed) {
                Ok(task) => {
                    if door.jobs.send(Job { task, reply }).is_err() {
                        break;
                    }
                }
                Err(reason) => {
                    let refused = Answer::Trouble(Trouble::Refused, reason.to_owned());
                    reply.tell(Outcome::Other(refused));
                }
            }
        }
        drop(replies);
        Ok(())
    })
}

fn task(octets: &[u8], allowed: &Allowed) -> Result<Task, &'static str> {
    let elsewhere = "the entry is one of another client";
    match Question::parse(octets).ok_or("not a question")? {
        Question::Append(entry) => {
            let entry = Entry::parse(&entry).map_err(|_| "not an entry in its canonical form")?;
            if !allowed.client(entry.client()) {
                return Err(elsewhere);
            }
            Ok(Task::Append(Box::new(entry)))
        }
        Question::Find { client, id } if allowed.client(&client) => Ok(Task::Find { client, id }),
        Question::Find { .. } => Err(elsewhere),
        Question::Prove(index) => Ok(Task::Prove(index)),
    }
}

/// Writes answers in the order of the questions; those that are ready together in one go.
fn write(stream: &UnixStream, mut answers: Answers) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(1 << 16, stream);
    while let Some(outcome) = answers.next(|| output.flush())? {
        let answer = match outcome {
            Outcome::Recorded(recorded) => Answer::Proof(recorded.proof.to_string()),
            Outcome::Other(answer) => answer,
        };
        output.write_all(&answer.to_frame())?;
    }
    output.flush()
}
