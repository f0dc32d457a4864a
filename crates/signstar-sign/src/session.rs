//! One connection of one client: any number of requests, each answered in its turn.

use std::{
    io::{self, BufReader, Read, Write},
    os::fd::AsFd,
    sync::atomic::{AtomicU8, Ordering},
    thread::{self, Scope},
    time::{Duration, Instant, SystemTime},
};

use signstar::{
    Enclave, answer,
    config::{ClientName, KeyName, Limits},
    refusal::{Code, Refused},
    request::{Request, Stream, StreamError},
    response::{Response, refusal_to_json},
};

use crate::{
    bug,
    journal::{Durations, Journal},
    metrics::Figures,
    seats::NoSeat,
    stop::Stop,
    stopwatch,
    timed::{BEAT, Deadline, TimedReader, TimedWriter, complain},
    turns::{Job, Turns},
};

/// The exit status of a session: 0, or that of the worst refusal.
pub type Status = u8;

/// The exit status of a session that was cut off before its last answer.
const INCOMPLETE: Status = 3;

/// One connection of one client.
///
/// One thread reads; as many as there are requests, but no more than `in-flight`, work on them;
/// [`Turns`] keeps the order. A thread is started when there is no other to work, so that a single
/// request does not pay for more than one.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) enclave: &'a Enclave,
    /// Whether the client may have this session at all.
    pub(crate) seated: Result<(), NoSeat>,
    pub(crate) client: &'a ClientName,
    pub(crate) key: Option<&'a KeyName>,
    pub(crate) limits: Limits,
    pub(crate) journal: &'a Journal,
    pub(crate) figures: Option<&'a Figures>,
    pub(crate) stop: &'a Stop,
}

/// What the threads of a session share.
struct Shared<'a, W> {
    session: &'a Session<'a>,
    turns: Turns<'a, W>,
    worst: AtomicU8,
}

impl Session<'_> {
    /// Answers the requests in `input`, in order, until it ends or a limit is reached.
    ///
    /// A session without a request is an error: nobody should take it for success.
    pub(crate) fn run(&self, input: impl Read + AsFd, output: impl Write + AsFd + Send) -> Status {
        let deadline = Deadline::new(Instant::now(), &self.limits);
        let in_flight = usize::try_from(self.limits.in_flight.get()).unwrap_or(usize::MAX);
        let output = TimedWriter::new(output, deadline);
        let shared = Shared {
            session: self,
            turns: Turns::new(output, in_flight, self.stop),
            worst: AtomicU8::new(0),
        };
        let asked = thread::scope(|scope| {
            // Also if reading panics: nobody must wait for requests then.
            let _close = CloseAtEnd(&shared.turns);
            let asked = shared.read(scope, input, deadline, in_flight);
            shared.turns.close();
            while !shared.turns.are_over(BEAT) {
                shared.beat();
                self.stop.look();
            }
            asked
        });
        self.publish(0);
        self.journal.ended(self.client, asked);
        let mut status = shared.worst.into_inner();
        if let Some(unread) = shared.turns.lost() {
            self.journal.unread(self.client, unread);
            status = status.max(INCOMPLETE);
        }
        status
    }

    /// Answers one request, whatever happens: the line for the client, and what it means for the
    /// exit status.
    fn answer(&self, job: &Job) -> (String, Status) {
        let begin = Instant::now();
        let octets = job.octets.as_slice();
        stopwatch::taken();
        let answered = bug::caught(|| answer(octets, self.client, self.enclave, SystemTime::now()))
            .unwrap_or_else(|bug| Err(Refused::new(Code::Misconfigured).because(bug)));
        let took = Durations {
            waiting: begin.saturating_duration_since(job.arrived),
            hsm: stopwatch::taken(),
            all: job.arrived.elapsed(),
        };
        match &answered {
            Ok(response) => self.signed(response, took),
            Err(refused) => {
                let request = bug::caught(|| Request::parse(octets).ok()).ok().flatten();
                self.refused(refused, request.as_ref(), took)
            }
        }
    }

    fn signed(&self, response: &Response, took: Durations) -> (String, Status) {
        self.journal.signed(self.client, response, took);
        if let Some(figures) = self.figures {
            let request = response.logged().signed().grant().request();
            figures.signed(request.output().as_str(), took.hsm);
        }
        (response.to_json(), 0)
    }

    fn refused(
        &self,
        refused: &Refused,
        request: Option<&Request>,
        took: Durations,
    ) -> (String, Status) {
        (self.journal).refused(self.client, self.key, request, refused, took);
        if let Some(figures) = self.figures {
            figures.refused(refused.code(), took.hsm);
        }
        // For the person at the other end, who may have a client that shows no refusals.
        complain(&format!("error: {refused}\n"), Duration::ZERO);
        (refusal_to_json(refused), refused.code().exit_status())
    }

    fn nothing_asked(&self) -> Status {
        let refused =
            Refused::new(Code::MalformedRequest).because("the input ended before a request");
        (self.journal).refused(self.client, self.key, None, &refused, Durations::default());
        complain(
            "error: there was no request on standard input\n\
             hint: signstar-request-signature makes requests and sends them\n",
            Duration::ZERO,
        );
        refused.code().exit_status()
    }

    fn publish(&self, in_flight: usize) {
        if let Some(figures) = self.figures
            && let Err(error) = figures.publish(in_flight)
        {
            self.journal.no_metrics(self.client.as_str(), &error);
        }
    }
}

impl<W: Write + Send> Shared<'_, W> {
    /// Reads requests until there are no more, and returns how many there were.
    fn read<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        input: impl Read + AsFd,
        deadline: Deadline,
        in_flight: usize,
    ) -> u64 {
        let beat = || self.beat();
        let input = TimedReader::new(input, deadline, self.session.stop, &beat);
        let mut asked = 0;
        let mut workers = 0;
        for octets in Stream::new(BufReader::new(input)) {
            let octets = match octets {
                Err(error) => {
                    self.refuse_last(&unreadable(error));
                    return asked;
                }
                Ok(_) if let Err(no_seat) = &self.session.seated => {
                    self.refuse_last(&no_seat.refused());
                    return asked;
                }
                Ok(_) if asked == self.session.limits.requests.get() => {
                    self.refuse_last(&Refused::new(Code::SessionLimit).because("requests"));
                    return asked;
                }
                Ok(octets) => octets,
            };
            asked += 1;
            while !self.turns.has_room(BEAT) {
                self.beat();
                self.session.stop.look();
            }
            if self.turns.lost().is_some() {
                return asked;
            }
            if self.turns.admit(octets) && workers < in_flight {
                let started = thread::Builder::new().spawn_scoped(scope, || self.work());
                match started {
                    Ok(_) => workers += 1,
                    // The others do it; if there are none, this thread does.
                    Err(_) if workers > 0 => {}
                    Err(_) => self.work_once(),
                }
            }
        }
        if asked == 0 {
            let status = self.session.nothing_asked();
            self.worst.fetch_max(status, Ordering::Relaxed);
        }
        asked
    }

    fn work(&self) {
        while let Some(job) = self.turns.next() {
            self.work_on(&job);
        }
    }

    fn work_once(&self) {
        if let Some(job) = self.turns.next() {
            self.work_on(&job);
        }
    }

    fn work_on(&self, job: &Job) {
        // Whatever happens, the place does not stay empty: all behind it would wait.
        let answered = bug::caught(|| self.session.answer(job));
        let (line, status) = answered.unwrap_or_else(|bug| {
            self.session.journal.bug(self.session.client, &bug);
            let refused = Refused::new(Code::Misconfigured);
            (refusal_to_json(&refused), refused.code().exit_status())
        });
        self.worst.fetch_max(status, Ordering::Relaxed);
        self.turns.answer(job.number, line);
    }

    fn refuse_last(&self, refused: &Refused) {
        let (line, status) = self.session.refused(refused, None, Durations::default());
        self.worst.fetch_max(status, Ordering::Relaxed);
        self.turns.close_with(line);
    }

    /// What is done now and then; says whether the client waits for an answer.
    fn beat(&self) -> bool {
        self.turns.tell_progress();
        let unanswered = self.turns.unanswered();
        if let Some(figures) = self.session.figures
            && let Err(error) = figures.publish_now_and_then(unanswered)
        {
            let client = self.session.client.as_str();
            self.session.journal.no_metrics(client, &error);
        }
        unanswered > 0
    }
}

/// Takes no further requests from the moment at which this goes away.
struct CloseAtEnd<'a, 'b, W: Write>(&'a Turns<'b, W>);

impl<W: Write> Drop for CloseAtEnd<'_, '_, W> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What a stream of octets that is no further request means.
///
/// What ends a session is told apart by the kind of the error behind it.
fn unreadable(error: StreamError) -> Refused {
    let kind = match &error {
        StreamError::Io(error) => error.io_error_kind(),
        StreamError::TooLarge => return Refused::new(Code::RequestTooLarge).because(error),
        StreamError::Malformed(_) => None,
    };
    match kind {
        Some(io::ErrorKind::TimedOut) => Refused::new(Code::SessionLimit).because(error),
        Some(io::ErrorKind::ConnectionAborted) => {
            Refused::new(Code::SessionLimit).because("the session is told to end")
        }
        _ => Refused::new(Code::MalformedRequest).because(error),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
