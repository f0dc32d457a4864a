//! Requests and answers over as many connections as it takes.

use std::{
    io::{BufReader, Read, Write},
    process::ChildStdin,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use signstar::{
    refusal::Code,
    request::{OutputType, Request, Salt, Stream},
    response::{Answer, InvalidResponse},
};

use crate::{
    Connections, Error, Event, Logs, Patience, Ssh,
    backlog::{Asked, Backlog, First, Next},
    hashed::now,
    patience::{FIRST_TRIES, Trouble},
    session::{Broken, IN_FLIGHT, SILENCE, next_answer},
};

/// How often a file gets another salt.
const SALTS: u32 = 3;

/// What is said while a conversation is under way.
#[derive(Debug)]
pub(crate) enum Said {
    Event(Event),
    /// What has to be hashed before one file.
    Salt(Box<Asked>, Salt),
    /// The answer for one file. It will not be asked for again.
    Answer(Box<Asked>, Box<Result<Answer, InvalidResponse>>),
}

/// What is asked for, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) output: OutputType,
    pub(crate) connections: Connections,
    pub(crate) patience: Patience,
    /// The logs that count, if any do.
    pub(crate) logs: Option<&'a Logs>,
}

/// Requests and answers over as many connections as it takes.
pub(crate) struct Conversation<'a, F> {
    ssh: &'a Ssh,
    output: OutputType,
    logs: Option<&'a Logs>,
    connections: Connections,
    backlog: &'a Backlog,
    trouble: Trouble,
    /// Whether this enclave ever gave an answer.
    has_answered: bool,
    /// Connections in a row that gave none.
    failures: u32,
    say: F,
}

/// What came of one connection.
#[derive(Debug)]
struct Round {
    /// Its number.
    session: u32,
    is_alone: bool,
    answers: usize,
    signatures: usize,
    /// The enclave said that it will not answer any more.
    is_at_limit: bool,
    /// What was asked and not answered, in this order.
    unanswered: Vec<Asked>,
    end: End,
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    Complete,
    Nonsense(String),
    /// The exit status of `ssh`, if it had one.
    Closed(Option<i32>),
}

impl<'a, F: FnMut(Said)> Conversation<'a, F> {
    pub(crate) fn new(ssh: &'a Ssh, terms: Terms<'a>, backlog: &'a Backlog, say: F) -> Self {
        Self {
            ssh,
            output: terms.output,
            logs: terms.logs,
            connections: terms.connections,
            backlog,
            trouble: Trouble::none(terms.patience),
            has_answered: false,
            failures: 0,
            say,
        }
    }

    /// Asks for everything in the backlog, and for what is added to it meanwhile.
    ///
    /// Fails when there is no hope for anything that is left.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let outcome = self.rounds();
        self.backlog.close();
        outcome
    }

    fn rounds(&mut self) -> Result<(), Error> {
        while let Some(first) = self.backlog.first() {
            let round = self.round(first)?;
            self.judge(round)?;
        }
        Ok(())
    }

    /// One connection from its beginning to its end.
    fn round(&mut self, first: First) -> Result<Round, Error> {
        let (first, is_alone) = match first {
            First::Alone(asked) => (asked, true),
            First::WithOthers(asked) => (asked, self.connections == Connections::OnePerFile),
        };
        // A salt and what is hashed after it belong to the same connection.
        let is_alone = is_alone && self.output != OutputType::OpenPgpV6;
        let session = self.backlog.begin();
        (self.say)(Said::Event(Event::Connecting));
        let (connection, to, from) = self.ssh.connect()?;
        let (backlog, output) = (self.backlog, self.output);
        let is_broken = &AtomicBool::new(false);
        let (sent, in_flight) = sync_channel(IN_FLIGHT);
        thread::scope(|scope| {
            scope.spawn(move || write(to, first, is_alone, output, backlog, is_broken, &sent));
            let mut answers = Stream::new(BufReader::new(from));
            let mut round = Round {
                session,
                is_alone,
                answers: 0,
                signatures: 0,
                is_at_limit: false,
                unanswered: Vec::new(),
                end: End::Complete,
            };
            while let Ok(asked) = in_flight.recv() {
                match self.listen(&mut answers) {
                    Ok(answer) => self.take(&mut round, asked, answer),
                    Err(broken) => {
                        round.unanswered.push(asked);
                        round.end = match broken {
                            Broken::Closed => End::Closed(connection.status()),
                            broken => {
                                drop(connection);
                                End::Nonsense(broken.to_string())
                            }
                        };
                        is_broken.store(true, Ordering::Relaxed);
                        backlog.look_up();
                        // Until the writer is gone.
                        round.unanswered.extend(in_flight);
                        return Ok(round);
                    }
                }
            }
            // Whatever else the other side has to say was not asked for.
            connection.end();
            Ok(round)
        })
    }

    /// The next answer, after as much as comes before it about how long it takes.
    fn listen<R: Read>(
        &mut self,
        answers: &mut Stream<R>,
    ) -> Result<Result<Answer, InvalidResponse>, Broken> {
        loop {
            match Answer::parse(next_answer(answers)?.as_slice()) {
                Ok(Answer::Progress { ahead }) => {
                    (self.say)(Said::Event(Event::Queued { ahead }));
                }
                answer => return Ok(answer),
            }
        }
    }

    /// Passes an answer on, unless the same request may have another one later.
    fn take(
        &mut self,
        round: &mut Round,
        mut asked: Asked,
        answer: Result<Answer, InvalidResponse>,
    ) {
        round.answers += 1;
        match &answer {
            Ok(Answer::Signature { log, .. }) => {
                round.signatures += 1;
                if self.waits_for_witnesses(log.as_deref())
                    && let Some(pause) = self.put_off(&mut asked)
                {
                    (self.say)(Said::Event(Event::Unwitnessed {
                        index: asked.index,
                        pause,
                    }));
                    self.backlog.postpone(asked, Instant::now() + pause);
                    return;
                }
                self.trouble.is_over();
            }
            Ok(Answer::Refusal {
                code, retry: true, ..
            }) => {
                let now = Instant::now();
                let is_limit = code == Code::SessionLimit.as_str();
                round.is_at_limit |= is_limit;
                if is_limit && round.signatures > 0 {
                    self.backlog.postpone(asked, now);
                    return;
                }
                if let Some(pause) = self.put_off(&mut asked) {
                    (self.say)(Said::Event(Event::Postponed {
                        index: asked.index,
                        code: code.clone(),
                        pause,
                    }));
                    self.backlog.postpone(asked, now + pause);
                    return;
                }
            }
            Ok(Answer::Salt { salt, .. }) if asked.hashed.is_none() => {
                asked.session = Some(round.session);
                (self.say)(Said::Salt(Box::new(asked), *salt));
                return;
            }
            Ok(Answer::Refusal { code, .. })
                if code == Code::UnknownSalt.as_str() && asked.refusals < SALTS =>
            {
                asked.refusals = asked.refusals.saturating_add(1);
                self.backlog.put_back([asked].into_iter());
                return;
            }
            _ => {}
        }
        if asked.hashed.is_none() {
            self.backlog.forget_salting();
        }
        (self.say)(Said::Answer(Box::new(asked), Box::new(answer)));
    }

    /// The pause before the same is asked for again, if the patience lasts that long.
    fn put_off(&mut self, asked: &mut Asked) -> Option<Duration> {
        asked.refusals = asked.refusals.saturating_add(1);
        self.trouble.pause(asked.refusals, Instant::now())
    }

    /// Whether the signature is good for nothing but what witnesses may add to its `proof`. One with
    /// a salt cannot be asked for again: it would be another one.
    fn waits_for_witnesses(&self, proof: Option<&str>) -> bool {
        let logs = self.logs.filter(|_| self.output != OutputType::OpenPgpV6);
        logs.zip(proof)
            .is_some_and(|(logs, proof)| logs.may_come(proof))
    }

    /// Decides what becomes of what was not answered.
    fn judge(&mut self, round: Round) -> Result<(), Error> {
        if round.answers > 0 {
            self.has_answered = true;
            self.failures = 0;
        }
        let is_alone = round.is_alone;
        let mut unanswered = round.unanswered.into_iter();
        match round.end {
            End::Complete => {}
            _ if round.is_at_limit && round.signatures > 0 => self.backlog.put_back(unanswered),
            End::Nonsense(reason) => {
                if !is_alone && round.answers == 0 {
                    return Err(Error::NotAnEnclave(reason));
                }
                self.blame(unanswered.next().as_ref(), Error::NotAnEnclave(reason));
                self.backlog.put_back(unanswered);
            }
            End::Closed(Some(status)) if !matches!(status, 0 | 255) && !round.is_at_limit => {
                let is_only = round.answers == 0 && unanswered.len() == 1;
                if is_alone || is_only {
                    self.blame(unanswered.next().as_ref(), Error::Unanswered(status));
                } else if round.answers == 0 {
                    // Enclaves of older releases end without words when there is more than one.
                    self.connections = Connections::OnePerFile;
                } else if let Some(suspect) = unanswered.next() {
                    self.backlog.set_apart(suspect);
                }
                self.backlog.put_back(unanswered);
            }
            // A clean end after one answer: an enclave that answers only one.
            End::Closed(Some(0)) if !is_alone && round.answers == 1 => {
                self.connections = Connections::OnePerFile;
                self.backlog.put_back(unanswered);
            }
            End::Closed(_) => {
                self.failures = self.failures.saturating_add(1);
                if is_alone {
                    unanswered.for_each(|asked| self.backlog.set_apart(asked));
                } else {
                    self.backlog.put_back(unanswered);
                }
                self.pause()?;
            }
        }
        Ok(())
    }

    /// Waits before the next connection.
    fn pause(&mut self) -> Result<(), Error> {
        let is_hopeless = !self.has_answered && self.failures >= FIRST_TRIES;
        let pause = self.trouble.pause(self.failures, Instant::now());
        let Some(pause) = pause.filter(|_| !is_hopeless) else {
            return Err(Error::Unreachable);
        };
        (self.say)(Said::Event(Event::Reconnecting { pause }));
        thread::sleep(pause);
        Ok(())
    }

    fn blame(&mut self, asked: Option<&Asked>, error: Error) {
        if let Some(&Asked { index, .. }) = asked {
            let outcome = Err(error);
            (self.say)(Said::Event(Event::Done { index, outcome }));
        }
    }
}

/// Writes requests until there are no more or nobody answers.
///
/// A request counts as sent before it is written: if that fails, the reading side finds out why.
fn write(
    mut to: ChildStdin,
    first: Asked,
    is_alone: bool,
    output: OutputType,
    backlog: &Backlog,
    is_broken: &AtomicBool,
    sent: &SyncSender<Asked>,
) {
    let mut next = Next::Ask(Box::new(first));
    loop {
        let line = match next {
            Next::Ask(asked) => {
                let mut json = match &asked.hashed {
                    Some(hashed) => hashed.request_as(
                        output,
                        asked.path.as_deref(),
                        asked.id.as_ref(),
                        asked.name_salt.as_ref(),
                    ),
                    None => Request::open_pgp_v6_salt().to_json(now()),
                };
                json.push('\n');
                if let Err(unsent) = sent.send(*asked) {
                    backlog.put_back([unsent.0].into_iter());
                    return;
                }
                json
            }
            Next::Silence => "\n".to_owned(),
            Next::End => return,
        };
        let written = to.write_all(line.as_bytes()).and_then(|()| to.flush());
        if written.is_err() || is_alone {
            return;
        }
        next = backlog.next(SILENCE, || is_broken.load(Ordering::Relaxed));
    }
}
