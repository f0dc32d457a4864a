//! One conversation with an enclave: requests out, answers back in the same order.

use std::{
    fmt,
    io::{BufReader, Read, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use signstar::{
    request::{self, Octets, Stream, StreamError},
    response,
};

/// The most requests that wait for their answer.
pub(crate) const IN_FLIGHT: usize = 64;
/// How long nothing is said before an empty line is. An enclave waits 60 seconds for a word, and
/// a large file may take longer to hash.
pub(crate) const SILENCE: Duration = Duration::from_secs(20);

// Responses are framed as requests are, by the same code and with the same bound.
const _: () = assert!(request::MAX_OCTETS == response::MAX_OCTETS);

/// One request on its way.
#[derive(Debug)]
pub(crate) struct Question<T> {
    /// What comes back with the answer.
    pub(crate) about: T,
    /// The request as JSON.
    pub(crate) json: String,
}

/// One conversation over a pair of pipes.
///
/// Iterate for the answers, each with what its request was about. A thread of its own writes the
/// requests, so that neither side waits for the other; no more than 64 are unanswered. The
/// writing half is closed after the last request. After an error there is no further answer, and
/// then both pipes should be closed, which ends that thread.
pub(crate) struct Session<T, R: Read> {
    in_flight: Receiver<T>,
    answers: Stream<BufReader<R>>,
    is_broken: bool,
}

/// Why a session ended before its last answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The other side closed the connection or it was cut.
    #[error("the connection ended before the last answer")]
    Closed,
    /// More than 64 KiB for one answer.
    #[error("the answer is longer than 65536 octets")]
    TooLarge,
    /// Something other than JSON.
    #[error("the answer is not JSON: {0}")]
    NotJson(String),
}

impl<T: Send + 'static, R: Read> Session<T, R> {
    /// Begins with the request `first` and goes on with the `rest` as they come.
    ///
    /// There is no session without a request: connect when the first one is at hand.
    pub(crate) fn begin(
        from: R,
        to: impl Write + Send + 'static,
        first: Question<T>,
        rest: Receiver<Question<T>>,
    ) -> Self {
        let (sent, in_flight) = sync_channel(IN_FLIGHT);
        thread::spawn(move || write(to, first, &rest, &sent));
        Self {
            in_flight,
            answers: Stream::new(BufReader::new(from)),
            is_broken: false,
        }
    }
}

impl<T, R: Read> fmt::Debug for Session<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}

impl<T, R: Read> Iterator for Session<T, R> {
    type Item = Result<(T, Octets), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken {
            return None;
        }
        let about = self.in_flight.recv().ok()?;
        let broken = loop {
            match next_answer(&mut self.answers) {
                // Not an answer yet: the same request still waits for its own.
                Ok(octets) if is_progress(&octets) => {}
                Ok(octets) => return Some(Ok((about, octets))),
                Err(broken) => break broken,
            }
        };
        self.is_broken = true;
        Some(Err(broken))
    }
}

fn is_progress(octets: &Octets) -> bool {
    matches!(
        response::Answer::parse(octets.as_slice()),
        Ok(response::Answer::Progress { .. })
    )
}

/// The next answer of an enclave.
pub(crate) fn next_answer<R: Read>(answers: &mut Stream<R>) -> Result<Octets, Broken> {
    match answers.next() {
        Some(Ok(octets)) => Ok(octets),
        None | Some(Err(StreamError::Io(_))) => Err(Broken::Closed),
        Some(Err(StreamError::Malformed(error))) if error.is_eof() => Err(Broken::Closed),
        Some(Err(StreamError::Malformed(error))) => Err(Broken::NotJson(error.to_string())),
        Some(Err(StreamError::TooLarge)) => Err(Broken::TooLarge),
    }
}

/// Writes requests until there are no more or nobody wants them.
///
/// A request counts as sent before it is written: if that fails, the reading side looks for its
/// answer and finds out why.
fn write<T>(
    mut to: impl Write,
    first: Question<T>,
    rest: &Receiver<Question<T>>,
    sent: &SyncSender<T>,
) {
    let mut next = Some(first);
    while let Some(Question { about, mut json }) = next {
        if sent.send(about).is_err() {
            return;
        }
        json.push('\n');
        if to
            .write_all(json.as_bytes())
            .and_then(|()| to.flush())
            .is_err()
        {
            return;
        }
        next = wait(&mut to, rest, SILENCE);
    }
}

/// Waits for the next request and keeps the other side patient meanwhile.
fn wait<T>(
    to: &mut impl Write,
    rest: &Receiver<Question<T>>,
    silence: Duration,
) -> Option<Question<T>> {
    loop {
        match rest.recv_timeout(silence) {
            Ok(question) => return Some(question),
            Err(RecvTimeoutError::Disconnected) => return None,
            // If this fails, then so does the next request, and that is noticed.
            Err(RecvTimeoutError::Timeout) => {
                let _ = to.write_all(b"\n").and_then(|()| to.flush());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn begin<R: Read>(from: R, to: impl Write + Send + 'static, count: usize) -> Session<usize, R> {
        let (ask, rest) = sync_channel(1);
        let question = |about| Question {
            about,
            json: format!("{{\"n\":{about}}}"),
        };
        thread::spawn(move || (1..count).try_for_each(|n| ask.send(question(n))));
        Session::begin(from, to, question(0), rest)
    }

    fn told(answers: &'static str, count: usize) -> Vec<Result<usize, String>> {
        begin(answers.as_bytes(), io::sink(), count)
            .map(|next| next.map(|(n, _)| n).map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn thousands_of_requests_do_not_wait_for_each_other() {
        let (theirs, ours) = (io::pipe().expect("a pipe"), io::pipe().expect("a pipe"));
        let echo = thread::spawn(move || {
            let (mut from, mut to) = (theirs.0, ours.1);
            // The last line feed may come too late for anybody to read it.
            let _ = io::copy(&mut from, &mut to);
        });
        let answers: Vec<_> = begin(ours.0, theirs.1, 5_000)
            .map(|next| next.expect("an answer"))
            .collect();
        echo.join().expect("no panic");
        assert_eq!(answers.len(), 5_000);
        for (n, (about, octets)) in answers.iter().enumerate() {
            assert_eq!(*about, n);
            assert_eq!(octets.as_slice(), format!("{{\"n\":{n}}}").as_bytes());
        }
    }

    #[test]
    fn a_long_silence_is_filled_with_empty_lines() {
        let (ask, rest) = sync_channel(1);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            let json = String::new();
            ask.send(Question { about: 7, json })
        });
        let mut said = Vec::new();
        let next = wait(&mut said, &rest, Duration::from_millis(20)).expect("one");
        assert_eq!(next.about, 7);
        assert!(
            !said.is_empty() && said.iter().all(|&octet| octet == b'\n'),
            "{said:?}"
        );
    }

    #[test]
    fn answers_are_values_and_not_lines() {
        assert_eq!(told("{}{\n\"a\":\n1}", 2), [Ok(0), Ok(1)]);
    }

    #[test]
    fn how_long_it_takes_is_no_answer() {
        let progress = "{\"version\":\"1.1.0\",\"progress\":{\"ahead\":7}}\n{}";
        assert_eq!(told(progress, 1), [Ok(0)]);
    }

    #[test]
    fn a_missing_answer_is_noticed_once() {
        let closed = Broken::Closed.to_string();
        assert_eq!(told("", 3), [Err(closed.clone())]);
        assert_eq!(told("{} {\"a\"", 3), [Ok(0), Err(closed)]);
    }

    #[test]
    fn rubbish_ends_a_session() {
        let outcome = told("Welcome!\n{}", 2);
        assert_eq!(outcome.len(), 1);
        assert!(
            outcome[0]
                .as_ref()
                .is_err_and(|error| error.contains("not JSON"))
        );
    }

    #[test]
    fn an_endless_answer_is_not_read_to_its_end() {
        let endless = io::repeat(b'[');
        let mut session = begin(
            io::Cursor::new(b"\"").chain(io::repeat(b'x')),
            io::sink(),
            1,
        );
        assert!(matches!(session.next(), Some(Err(Broken::TooLarge))));
        assert!(session.next().is_none());
        assert!(begin(endless, io::sink(), 1).next().expect("one").is_err());
    }
}
