//! Any number of files signed over one connection.

use std::{
    iter,
    ops::ControlFlow,
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use signstar::{
    request::Octets,
    response::Answer,
    sign::{Detached, DoesNotVerify},
};

use crate::{Cancelled, Error, Hashed, Question, Session, Ssh, Target, Trust};

/// The most of anything that waits between two threads. With it memory does not grow with the
/// number of files.
const QUEUE: usize = 64;
/// The most files that are hashed at the same time, however many cores there are.
const MAX_WORKERS: usize = 16;
/// The most that is repeated of what the other side says, in characters.
const MAX_MESSAGE: usize = 500;

/// Files to be signed by one enclave.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The files, and where their signatures go.
    pub targets: &'a [Target],
    /// How to reach the enclave.
    pub ssh: &'a Ssh,
    /// What its signatures have to verify with.
    pub trust: &'a Trust,
    /// How many connections are made.
    pub connections: Connections,
}

/// How many connections are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Connections {
    /// One for all files.
    One,
    /// One after the other, each for one file: enclaves of older releases read a single request.
    OnePerFile,
}

/// What happens while a batch is under way.
#[derive(Debug)]
pub enum Event {
    /// So many more octets are hashed.
    Hashed(u64),
    /// The connection is about to be made. `ssh` may ask its user something now.
    Connecting,
    /// There is a verified signature of a file on disk, or there will be none.
    Done {
        /// The place of the file in [`Batch::targets`].
        index: usize,
        /// Why there is no signature.
        outcome: Result<(), Error>,
    },
}

/// A file whose request is on its way.
#[derive(Debug)]
struct Asked {
    index: usize,
    hashed: Hashed,
}

/// Which files are not hashed yet, and whether it is still worth while.
#[derive(Debug, Default)]
struct Progress {
    next: AtomicUsize,
    is_over: AtomicBool,
}

impl Batch<'_> {
    /// Signs all files and tells `observer` what happens.
    ///
    /// Files are hashed in parallel, asked for as they are ready, and written as their answers
    /// come and verify. The connection is made when the first request is ready. Trouble with one
    /// file is told with [`Event::Done`]; trouble with the connection ends the batch and is
    /// returned, and then there are files of which nothing was told: they are not signed.
    pub fn run(self, mut observer: impl FnMut(Event)) -> Result<(), Error> {
        let workers = thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(1, MAX_WORKERS);
        let progress = &Progress::default();
        let (ask, questions) = sync_channel(QUEUE);
        let (answered, answers) = sync_channel(QUEUE);
        let (tell, events) = sync_channel(QUEUE);
        let answers = Mutex::new(answers);
        thread::scope(|scope| {
            for _ in 0..workers {
                let (ask, tell) = (ask.clone(), tell.clone());
                scope.spawn(move || self.hash(progress, &ask, &tell));
            }
            for _ in 0..workers {
                let (answers, tell) = (&answers, tell.clone());
                scope.spawn(move || self.finish(answers, &tell));
            }
            drop(ask);
            // Owns its ends of the channels: the other threads end when it drops them.
            let conversation = scope.spawn(move || {
                let outcome = self.converse(questions, &answered, &tell);
                progress.is_over.store(true, Ordering::Relaxed);
                outcome
            });
            for event in events {
                observer(event);
            }
            conversation
                .join()
                .unwrap_or_else(|payload| panic::resume_unwind(payload))
        })
    }

    /// Hashes one file after the other, until there are no more or nobody asks for them.
    fn hash(
        self,
        progress: &Progress,
        ask: &SyncSender<Question<Asked>>,
        tell: &SyncSender<Event>,
    ) {
        let watch = |octets| {
            // Nobody who listens is left only if the whole batch is being torn down.
            let is_told = tell.send(Event::Hashed(octets)).is_ok();
            if is_told && !progress.is_over.load(Ordering::Relaxed) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        loop {
            let index = progress.next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = self.targets.get(index) else {
                return;
            };
            let is_wanted = match Hashed::watched(&target.input, watch) {
                Ok(Ok(hashed)) => {
                    let json = hashed.request(Some(&target.input));
                    let about = Asked { index, hashed };
                    ask.send(Question { about, json }).is_ok()
                }
                Ok(Err(Cancelled)) => false,
                Err(error) => tell
                    .send(Event::Done {
                        index,
                        outcome: Err(error),
                    })
                    .is_ok(),
            };
            if !is_wanted {
                return;
            }
        }
    }

    /// Connects when there is something to ask, and passes the answers on.
    fn converse(
        self,
        questions: Receiver<Question<Asked>>,
        answered: &SyncSender<(Asked, Octets)>,
        tell: &SyncSender<Event>,
    ) -> Result<(), Error> {
        let Ok(first) = questions.recv() else {
            return Ok(());
        };
        if self.connections == Connections::One {
            return self.talk(first, questions, answered, tell);
        }
        for question in iter::once(first).chain(questions) {
            let index = question.about.index;
            let (_, no_more) = sync_channel(0);
            match self.talk(question, no_more, answered, tell) {
                Ok(()) => {}
                // The next file may fare better.
                Err(error @ (Error::Unanswered(_) | Error::NotAnEnclave(_))) => {
                    let outcome = Err(error);
                    let _ = tell.send(Event::Done { index, outcome });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Passes on the answers of one connection.
    fn talk(
        self,
        first: Question<Asked>,
        rest: Receiver<Question<Asked>>,
        answered: &SyncSender<(Asked, Octets)>,
        tell: &SyncSender<Event>,
    ) -> Result<(), Error> {
        // If nobody listens, nobody needs to know.
        let _ = tell.send(Event::Connecting);
        let (connection, to, from) = self.ssh.connect()?;
        let mut session = Session::begin(from, to, first, rest);
        for next in &mut session {
            let answer = match next {
                Ok(answer) => answer,
                Err(broken) => return Err(connection.explain(&broken)),
            };
            if answered.send(answer).is_err() {
                break;
            }
        }
        // Whatever else the other side has to say was not asked for.
        connection.end();
        Ok(())
    }

    /// Checks and writes one answer after the other.
    fn finish(self, answers: &Mutex<Receiver<(Asked, Octets)>>, tell: &SyncSender<Event>) {
        loop {
            let next = answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((Asked { index, hashed }, octets)) = next else {
                return;
            };
            let Some(target) = self.targets.get(index) else {
                return;
            };
            let outcome = self.accept(target, &hashed, &octets);
            if tell.send(Event::Done { index, outcome }).is_err() {
                return;
            }
        }
    }

    /// Writes the signature that `octets` bring, if there is one and it holds.
    fn accept(self, target: &Target, hashed: &Hashed, octets: &Octets) -> Result<(), Error> {
        let path = || target.input.clone();
        let answer = Answer::parse(octets.as_slice()).map_err(|source| Error::NotAResponse {
            path: path(),
            source,
        })?;
        let armored = match answer {
            Answer::Signature { text, .. } => text,
            Answer::Salt { .. } | Answer::Progress { .. } => {
                return Err(Error::DoesNotVerify {
                    path: path(),
                    source: DoesNotVerify::Malformed("not a signature at all".to_owned()),
                });
            }
            Answer::Refusal {
                code,
                message,
                retry,
                ..
            } => {
                return Err(Error::Refused {
                    path: path(),
                    code: shortened(&code),
                    message: shortened(&message),
                    retry,
                });
            }
        };
        let does_not_verify = |source| Error::DoesNotVerify {
            path: path(),
            source,
        };
        let signature = Detached::from_armored(&armored).map_err(does_not_verify)?;
        self.trust
            .check(&signature, hashed.state())
            .map_err(does_not_verify)?;
        hashed.check_unchanged(&target.input)?;
        target.write(&signature)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}
