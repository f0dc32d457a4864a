//! Any number of files signed over one connection.

use std::{
    ops::ControlFlow,
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use signstar::{
    request::{OutputType, Salt},
    response::{Answer, InvalidResponse},
};

use crate::{
    Cancelled, Error, Hashed, Patience, Ssh, Target, Trust,
    answer::accept,
    backlog::{Asked, Backlog},
    checked::existing,
    conversation::{Conversation, Said, Terms},
};

/// The most of anything that waits between two threads. With it memory does not grow with the
/// number of files.
const QUEUE: usize = 64;
/// The most files that are hashed at the same time, however many cores there are.
const MAX_WORKERS: usize = 16;
/// The most signatures that are checked and written at the same time. Most of that is to wait for
/// the disk, which takes many at once as fast as one.
const WRITERS: usize = 16;

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
    /// How long trouble may last.
    pub patience: Patience,
    /// What kind of signature is asked for.
    pub output: OutputType,
    /// What becomes of signatures that are there already.
    pub existing: Existing,
    /// What is done about the names of files, which the log makes public.
    pub names: Names,
}

/// What is done about the names of files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Names {
    /// Nothing: a log keeps them as its configuration says.
    Plain,
    /// Each goes with a fresh salt, so that a log which keeps commitments can keep one. The salt
    /// is written beside the signature.
    Salted,
}

/// What becomes of signatures that are there already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// They are replaced.
    Replace,
    /// Those that hold stay; any other is an error of its file.
    Keep,
    /// Those that hold stay; any other is replaced.
    KeepGood,
}

/// How a file came by its signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was signed.
    Signed,
    /// The signature was there, and it holds.
    Kept,
}

/// How many connections are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Connections {
    /// One for all files. It is made anew when it breaks, and becomes one per file when the
    /// enclave turns out to answer no more than one.
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
    /// The connection could not be made or broke. Another one is made after a pause, and what was
    /// not answered is asked for again.
    Reconnecting {
        /// The pause.
        pause: Duration,
    },
    /// The enclave works on so many requests of ours before the next answer.
    Queued {
        /// How many.
        ahead: u64,
    },
    /// The enclave refused for the moment. The file is asked for again after a pause.
    Postponed {
        /// The place of the file in [`Batch::targets`].
        index: usize,
        /// The code of the refusal (`spec/response.md`), maybe one that is not known here.
        code: String,
        /// The pause.
        pause: Duration,
    },
    /// The signature is in the log, and witnesses that have to see it have not yet. It is asked for
    /// again after a pause.
    Unwitnessed {
        /// The place of the file in [`Batch::targets`].
        index: usize,
        /// The pause.
        pause: Duration,
    },
    /// There is a verified signature of a file on disk, or there will be none.
    Done {
        /// The place of the file in [`Batch::targets`].
        index: usize,
        /// How it came by it, or why there is none.
        outcome: Result<Outcome, Error>,
    },
}

/// An answer, and what was asked.
type Answered = (Asked, Result<Answer, InvalidResponse>);

/// Which files are not hashed yet, and whether it is still worth while.
#[derive(Debug, Default)]
struct Progress {
    next: AtomicUsize,
    is_over: AtomicBool,
    /// How many threads still hash.
    hashing: AtomicUsize,
}

impl Batch<'_> {
    /// Signs all files and tells `observer` what happens.
    ///
    /// Files are hashed in parallel, asked for as they are ready, and written as their answers
    /// come and verify. The connection is made when the first request is ready. Trouble with one
    /// file is told with [`Event::Done`]. An enclave that cannot be reached, or not any more, ends
    /// the batch when the patience does; that is returned, and then there are files of which
    /// nothing was told: they are not signed.
    pub fn run(self, mut observer: impl FnMut(Event)) -> Result<(), Error> {
        let workers = thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(1, MAX_WORKERS);
        let progress = &Progress {
            hashing: AtomicUsize::new(workers),
            ..Progress::default()
        };
        let backlog = &Backlog::default();
        let (answered, answers) = sync_channel(QUEUE);
        let (tell, events) = sync_channel(QUEUE);
        let answers = Mutex::new(answers);
        let (salt, salts) = sync_channel(QUEUE);
        let salts = Mutex::new(salts);
        thread::scope(|scope| {
            scope.spawn(|| self.ssh.look_ahead());
            if self.output == OutputType::OpenPgpV6 {
                let told = tell.clone();
                scope.spawn(move || self.feed(progress, backlog, &told));
            }
            for _ in 0..workers {
                let (salts, tell) = (&salts, tell.clone());
                scope.spawn(move || match self.output {
                    OutputType::OpenPgpV6 => self.salt(progress, backlog, salts, &tell),
                    _ => self.hash(progress, backlog, &tell),
                });
            }
            for _ in 0..WRITERS.min(self.targets.len()) {
                let (answers, tell) = (&answers, tell.clone());
                scope.spawn(move || self.finish(answers, &tell));
            }
            // Owns its ends of the channels: the other threads end when it drops them.
            let conversation = scope.spawn(move || {
                // If nobody listens, nobody needs to know.
                let say = |said| match said {
                    Said::Event(event) => drop(tell.send(event)),
                    Said::Answer(asked, answer) => drop(answered.send((*asked, *answer))),
                    Said::Salt(asked, chosen) => drop(salt.send((*asked, chosen))),
                };
                let Self { ssh, patience, .. } = self;
                let terms = Terms {
                    output: self.output,
                    connections: self.connections,
                    patience,
                    logs: self.trust.logs(),
                };
                let outcome = Conversation::new(ssh, terms, backlog, say).run();
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

    /// Whether whoever hashes should go on, as told after so many octets.
    fn watch(progress: &Progress, tell: &SyncSender<Event>, octets: u64) -> ControlFlow<()> {
        // Nobody who listens is left only if the whole batch is being torn down.
        let is_told = tell.send(Event::Hashed(octets)).is_ok();
        if is_told && !progress.is_over.load(Ordering::Relaxed) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    /// Hashes one file after the other, until there are no more or nobody asks for them.
    fn hash(self, progress: &Progress, backlog: &Backlog, tell: &SyncSender<Event>) {
        let watch = |octets| Self::watch(progress, tell, octets);
        loop {
            let index = progress.next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = self.targets.get(index) else {
                break;
            };
            let is_wanted = match Hashed::watched(&target.input, None, watch) {
                Ok(Ok(hashed)) => match self.keep(target, &hashed) {
                    Some(outcome) => tell.send(Event::Done { index, outcome }).is_ok(),
                    None => self.offer(index, target, Some(hashed), backlog, tell),
                },
                Ok(Err(Cancelled)) => false,
                Err(error) => {
                    let outcome = Err(error);
                    tell.send(Event::Done { index, outcome }).is_ok()
                }
            };
            if !is_wanted {
                break;
            }
        }
        if progress.hashing.fetch_sub(1, Ordering::AcqRel) == 1 {
            backlog.complete();
        }
    }

    /// Offers one file to be asked for. Returns whether anybody still wants files.
    fn offer(
        self,
        index: usize,
        target: &Target,
        hashed: Option<Hashed>,
        backlog: &Backlog,
        tell: &SyncSender<Event>,
    ) -> bool {
        let asked = Asked::new(index, hashed, Some(target.input.clone()), self.trust);
        let asked = match self.names {
            Names::Plain => asked,
            Names::Salted => asked.and_then(Asked::with_name_salt),
        };
        match asked {
            Ok(asked) => backlog.offer(asked),
            Err(error) => {
                let outcome = Err(error);
                tell.send(Event::Done { index, outcome }).is_ok()
            }
        }
    }

    /// Offers one file after the other, to be hashed when there is a salt for it.
    fn feed(self, progress: &Progress, backlog: &Backlog, tell: &SyncSender<Event>) {
        for (index, target) in self.targets.iter().enumerate() {
            let outcome = match self.existing {
                Existing::Replace => None,
                _ if !target.output.exists() => None,
                _ => match Hashed::file(&target.input) {
                    Ok(hashed) => self.keep(target, &hashed),
                    Err(error) => Some(Err(error)),
                },
            };
            let is_wanted = match outcome {
                Some(outcome) => tell.send(Event::Done { index, outcome }).is_ok(),
                None => self.offer(index, target, None, backlog, tell),
            };
            if !is_wanted || progress.is_over.load(Ordering::Relaxed) {
                break;
            }
        }
        backlog.complete();
    }

    /// Hashes each file for which there is a salt.
    fn salt(
        self,
        progress: &Progress,
        backlog: &Backlog,
        salts: &Mutex<Receiver<(Asked, Salt)>>,
        tell: &SyncSender<Event>,
    ) {
        let watch = |octets| Self::watch(progress, tell, octets);
        loop {
            let next = salts.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((asked, salt)) = next else { return };
            let index = asked.index;
            let Some(target) = self.targets.get(index) else {
                return;
            };
            match Hashed::watched(&target.input, Some(&salt), watch) {
                Ok(Ok(hashed)) => backlog.salted(asked.salted(hashed, &salt)),
                Ok(Err(Cancelled)) => backlog.forget_salting(),
                Err(error) => {
                    backlog.forget_salting();
                    let outcome = Err(error);
                    // If nobody listens, nobody needs to know.
                    let _ = tell.send(Event::Done { index, outcome });
                }
            }
        }
    }

    /// What becomes of `target` because of the signature that it already has, if it has one that
    /// matters.
    fn keep(self, target: &Target, hashed: &Hashed) -> Option<Result<Outcome, Error>> {
        if self.existing == Existing::Replace {
            return None;
        }
        let Target {
            input,
            output,
            form,
        } = target;
        match existing(output, *form, input, hashed, self.trust)? {
            Ok(_) => Some(Ok(Outcome::Kept)),
            Err(Error::DoesNotVerify { .. } | Error::NotInLog { .. })
                if self.existing == Existing::KeepGood =>
            {
                None
            }
            Err(Error::DoesNotVerify { path, source }) => {
                Some(Err(Error::ExistingDoesNotVerify { path, source }))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Checks and writes one answer after the other.
    fn finish(self, answers: &Mutex<Receiver<Answered>>, tell: &SyncSender<Event>) {
        loop {
            let next = answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((asked, answer)) = next else {
                return;
            };
            let index = asked.index;
            let Some(target) = self.targets.get(index) else {
                return;
            };
            let outcome = self.accept(target, &asked, answer);
            if tell.send(Event::Done { index, outcome }).is_err() {
                return;
            }
        }
    }

    /// Writes the signature that `answer` brings, if there is one and it holds.
    fn accept(
        self,
        target: &Target,
        asked: &Asked,
        answer: Result<Answer, InvalidResponse>,
    ) -> Result<Outcome, Error> {
        let hashed = asked.hashed.as_deref();
        let (signature, proof) = accept(self.output, self.trust, hashed, &target.input, answer)?;
        if let Some(hashed) = hashed {
            hashed.check_unchanged(&target.input)?;
        }
        target.write(&signature, proof.as_deref(), asked.name_salt.as_ref())?;
        Ok(Outcome::Signed)
    }
}
