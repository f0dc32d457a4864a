//! Requests made elsewhere, passed on as they are.

use std::{
    io::{BufReader, Read, Write},
    process::ChildStdin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use signstar::{
    refusal::Code,
    request::{Octets, Stream},
    response::Answer,
};

use crate::{
    Connections, Error, Patience, Ssh,
    patience::{FIRST_TRIES, Trouble},
    requests::{Next, Requests},
    session::{Broken, IN_FLIGHT, SILENCE, next_answer},
};

/// Sends the JSON values that `requests` gives to an enclave and hands each response to `answer`
/// as one line without a line feed: one for each request, in the same order. What an enclave says
/// meanwhile about how long it takes is left out.
///
/// A connection that breaks is made anew as long as the `patience` lasts, and what was not answered
/// is asked for again; so is what an enclave refuses because its session is at a limit. An enclave
/// that turns out to answer no more than one request gets a connection for each.
///
/// The signatures are not verified, as nothing is known about what they are for. Returns the exit
/// status by outcome: 0 all signed, else the highest of 3 refused, 4 HSM unavailable, 5 not a
/// response. Fails if `answer` does, if there is no hope for an answer to the next request, or if
/// the input is not JSON; then what came before is still sent and answered.
///
/// `requests` is read on a thread of its own, which lasts until its next value after the end.
pub fn forward(
    requests: impl Read + Send + 'static,
    ssh: &Ssh,
    connections: Connections,
    patience: Patience,
    answer: impl FnMut(&str) -> Result<(), Error>,
) -> Result<u8, Error> {
    let waiting = Arc::new(Requests::default());
    let reading = Arc::clone(&waiting);
    thread::spawn(move || reading.complete(read(requests, &reading)));
    let forwarding = Forwarding {
        ssh,
        requests: &waiting,
        connections,
        trouble: Trouble::none(patience),
        is_next_alone: false,
        has_answered: false,
        failures: 0,
        worst: 0,
        answer,
    };
    let outcome = forwarding.run();
    waiting.close();
    let worst = outcome?;
    waiting.end().map(|()| worst)
}

/// Cuts the input into requests.
fn read(input: impl Read, requests: &Requests) -> Result<(), Error> {
    let mut is_empty = true;
    for octets in Stream::new(BufReader::new(input)) {
        let octets = octets.map_err(|error| Error::Input(error.to_string()))?;
        is_empty = false;
        if !requests.add(line(&octets)) {
            return Ok(());
        }
    }
    if is_empty {
        return Err(Error::Input("it is empty".to_owned()));
    }
    Ok(())
}

/// Requests passed on over as many connections as it takes.
struct Forwarding<'a, F> {
    ssh: &'a Ssh,
    requests: &'a Requests,
    connections: Connections,
    trouble: Trouble,
    /// The next request may have broken the connection for others.
    is_next_alone: bool,
    /// Whether this enclave ever gave an answer.
    has_answered: bool,
    /// Connections in a row that gave none.
    failures: u32,
    worst: u8,
    answer: F,
}

/// What came of one connection.
struct Round {
    is_alone: bool,
    answers: usize,
    signatures: usize,
    unanswered: Vec<String>,
    end: End,
}

/// How a connection ended.
enum End {
    Complete,
    /// The session is at a limit, and another one is not.
    Limit,
    Nonsense(String),
    /// The exit status of `ssh`, if it had one.
    Closed(Option<i32>),
}

impl<F: FnMut(&str) -> Result<(), Error>> Forwarding<'_, F> {
    fn run(mut self) -> Result<u8, Error> {
        while let Some(first) = self.requests.first() {
            let round = self.round(first)?;
            self.judge(round)?;
        }
        Ok(self.worst)
    }

    /// One connection from its beginning to its end.
    fn round(&mut self, first: String) -> Result<Round, Error> {
        let is_alone = self.is_next_alone || self.connections == Connections::OnePerFile;
        self.is_next_alone = false;
        let (connection, to, from) = self.ssh.connect()?;
        let requests = self.requests;
        let is_broken = &AtomicBool::new(false);
        let (sent, in_flight) = sync_channel(IN_FLIGHT);
        thread::scope(|scope| {
            scope.spawn(move || write(to, first, is_alone, requests, is_broken, &sent));
            let mut answers = Stream::new(BufReader::new(from));
            let mut round = Round {
                is_alone,
                answers: 0,
                signatures: 0,
                unanswered: Vec::new(),
                end: End::Complete,
            };
            let mut outcome = Ok(());
            while let Ok(json) = in_flight.recv() {
                round.end = match listen(&mut answers) {
                    Ok(octets) if round.signatures > 0 && is_limit(&octets) => End::Limit,
                    Ok(octets) => match self.pass_on(&mut round, &octets) {
                        Ok(()) => continue,
                        Err(error) => {
                            outcome = Err(error);
                            End::Limit
                        }
                    },
                    Err(Broken::Closed) => End::Closed(None),
                    Err(broken) => End::Nonsense(broken.to_string()),
                };
                round.unanswered.push(json);
                break;
            }
            match &mut round.end {
                // Whatever else the other side has to say was not asked for.
                End::Complete => drop(connection.end()),
                End::Closed(status) => *status = connection.status(),
                End::Limit | End::Nonsense(_) => drop(connection),
            }
            is_broken.store(true, Ordering::Relaxed);
            requests.look_up();
            // Until the writer is gone.
            round.unanswered.extend(in_flight);
            outcome.map(|()| round)
        })
    }

    fn pass_on(&mut self, round: &mut Round, octets: &Octets) -> Result<(), Error> {
        (self.answer)(&line(octets))?;
        round.answers += 1;
        let status = status(octets);
        if status == 0 {
            round.signatures += 1;
            self.trouble.is_over();
        }
        self.worst = self.worst.max(status);
        Ok(())
    }

    /// Decides what becomes of what was not answered.
    ///
    /// An answer that will never come would leave those after it without their requests: then the
    /// end is here.
    fn judge(&mut self, round: Round) -> Result<(), Error> {
        if round.answers > 0 {
            self.has_answered = true;
            self.failures = 0;
        }
        let is_only = round.is_alone || (round.answers == 0 && round.unanswered.len() == 1);
        self.requests.put_back(round.unanswered);
        match round.end {
            End::Complete | End::Limit => Ok(()),
            End::Nonsense(reason) => Err(Error::NotAnEnclave(reason)),
            End::Closed(Some(status)) if !matches!(status, 0 | 255) => {
                if is_only {
                    return Err(Error::Unanswered(status));
                }
                // Enclaves of older releases end without words when there is more than one.
                match round.answers {
                    0 => self.connections = Connections::OnePerFile,
                    _ => self.is_next_alone = true,
                }
                Ok(())
            }
            // A clean end after one answer: an enclave that answers only one.
            End::Closed(Some(0)) if !round.is_alone && round.answers == 1 => {
                self.connections = Connections::OnePerFile;
                Ok(())
            }
            End::Closed(_) => self.pause(),
        }
    }

    /// Waits before the next connection.
    fn pause(&mut self) -> Result<(), Error> {
        self.failures = self.failures.saturating_add(1);
        let is_hopeless = !self.has_answered && self.failures >= FIRST_TRIES;
        let pause = self.trouble.pause(self.failures, Instant::now());
        let pause = pause.filter(|_| !is_hopeless).ok_or(Error::Unreachable)?;
        thread::sleep(pause);
        Ok(())
    }
}

/// Writes requests until there are no more or nobody answers.
///
/// A request counts as sent before it is written: if that fails, the reading side finds out why.
fn write(
    mut to: ChildStdin,
    first: String,
    is_alone: bool,
    requests: &Requests,
    is_broken: &AtomicBool,
    sent: &SyncSender<String>,
) {
    let mut next = Next::Ask(first);
    loop {
        let mut line = match next {
            Next::Ask(json) => {
                if let Err(unsent) = sent.send(json.clone()) {
                    requests.put_back(vec![unsent.0]);
                    return;
                }
                json
            }
            Next::Silence => String::new(),
            Next::End => return,
        };
        line.push('\n');
        let written = to.write_all(line.as_bytes()).and_then(|()| to.flush());
        if written.is_err() || is_alone {
            return;
        }
        next = requests.next(SILENCE, || is_broken.load(Ordering::Relaxed));
    }
}

/// The next answer, after as much as comes before it about how long it takes.
fn listen<R: Read>(answers: &mut Stream<R>) -> Result<Octets, Broken> {
    loop {
        let octets = next_answer(answers)?;
        if !matches!(
            Answer::parse(octets.as_slice()),
            Ok(Answer::Progress { .. })
        ) {
            return Ok(octets);
        }
    }
}

fn is_limit(octets: &Octets) -> bool {
    matches!(
        Answer::parse(octets.as_slice()),
        Ok(Answer::Refusal { code, retry: true, .. }) if code == Code::SessionLimit.as_str()
    )
}

/// One JSON value on one line that can be shown. Outside of strings a control character is white
/// space, and inside of them only some can stand as such (RFC 8259 §2 and §7).
fn line(octets: &Octets) -> String {
    let text = String::from_utf8_lossy(octets.as_slice());
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            c if c.is_control() => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}

fn status(octets: &Octets) -> u8 {
    match Answer::parse(octets.as_slice()) {
        Ok(Answer::Signature { .. } | Answer::Salt { .. } | Answer::Progress { .. }) => 0,
        Ok(Answer::Refusal { code, .. }) => Code::from_name(&code).map_or(3, Code::exit_status),
        Err(_) => 5,
    }
}
