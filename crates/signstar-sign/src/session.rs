//! One connection of one client: any number of requests, each answered in its turn.

use std::{
    io::{self, Read, Write},
    num::NonZeroU64,
    time::{Instant, SystemTime},
};

use signstar::{
    Enclave, answer,
    config::ClientName,
    refusal::{Code, Refused},
    request::{Stream, StreamError},
    response::{Response, refusal_to_json},
};

use crate::journal::Journal;

/// The exit status of a session: 0, or that of the worst refusal.
pub type Status = u8;

/// One connection of one client.
#[derive(Debug)]
pub struct Session<'a> {
    enclave: &'a Enclave,
    client: &'a ClientName,
    requests: NonZeroU64,
    journal: &'a mut Journal,
}

impl<'a> Session<'a> {
    /// A session of `client` with at most `requests` requests.
    pub fn new(
        enclave: &'a Enclave,
        client: &'a ClientName,
        requests: NonZeroU64,
        journal: &'a mut Journal,
    ) -> Self {
        Self {
            enclave,
            client,
            requests,
            journal,
        }
    }

    /// Answers the requests in `input`, in order, until it ends or a limit is reached.
    ///
    /// A session without a request is an error: nobody should take it for success.
    pub fn run(mut self, input: impl Read, mut output: impl Write) -> Status {
        let mut worst = None;
        let mut left = self.requests.get();
        for octets in Stream::new(input) {
            let begin = Instant::now();
            let answered = match octets {
                Err(error) => Err(unreadable(error)),
                Ok(_) if left == 0 => Err(Refused::new(Code::SessionLimit).because("requests")),
                Ok(octets) => answer(
                    octets.as_slice(),
                    self.client,
                    self.enclave,
                    SystemTime::now(),
                ),
            };
            let status = match &answered {
                Ok(_) => 0,
                Err(refused) => refused.code().exit_status(),
            };
            worst = worst.max(Some(status));
            if self.tell(&answered, begin, &mut output).is_err() {
                // Nobody reads the answers any more.
                return worst.max(Some(INCOMPLETE)).unwrap_or(INCOMPLETE);
            }
            if left == 0 {
                break;
            }
            left -= 1;
        }
        worst.unwrap_or_else(|| self.nothing_asked())
    }

    /// Writes the response and the line in the journal.
    fn tell(
        &mut self,
        answered: &Result<Response, Refused>,
        begin: Instant,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let mut line = match answered {
            Ok(response) => {
                self.journal.signed(self.client, response, begin.elapsed());
                response.to_json()
            }
            Err(refused) => {
                self.journal.refused(self.client, refused, begin.elapsed());
                show(refused);
                refusal_to_json(refused)
            }
        };
        line.push('\n');
        output.write_all(line.as_bytes())?;
        output.flush()
    }

    fn nothing_asked(&mut self) -> Status {
        let refused =
            Refused::new(Code::MalformedRequest).because("the input ended before a request");
        self.journal
            .refused(self.client, &refused, std::time::Duration::ZERO);
        let _ = writeln!(
            io::stderr(),
            "error: there was no request on standard input\n\
             hint: signstar-request-signature makes requests and sends them"
        );
        refused.code().exit_status()
    }
}

/// The exit status of a session that was cut off before its last answer.
const INCOMPLETE: Status = 3;

/// What a stream of octets that is no further request means.
///
/// A limit of time is told apart by the kind of the error behind it.
fn unreadable(error: StreamError) -> Refused {
    let code = match &error {
        StreamError::TooLarge => Code::RequestTooLarge,
        StreamError::Malformed(_) => Code::MalformedRequest,
        StreamError::Io(error) if error.io_error_kind() == Some(io::ErrorKind::TimedOut) => {
            Code::SessionLimit
        }
        StreamError::Io(_) => Code::MalformedRequest,
    };
    Refused::new(code).because(error)
}

/// Tells the person at the other end, who may have a client that shows no refusals.
fn show(refused: &Refused) {
    // Whoever does not read this has the response.
    let _ = writeln!(io::stderr(), "error: {refused}");
}
