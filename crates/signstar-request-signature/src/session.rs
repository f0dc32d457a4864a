//! How answers are read, and how long nobody waits for them in silence.

use std::{io::Read, time::Duration};

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

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader};

    use super::*;

    fn told(answers: impl Read, count: usize) -> Vec<Result<String, String>> {
        let mut answers = Stream::new(BufReader::new(answers));
        let next = |_| {
            next_answer(&mut answers)
                .map(|octets| String::from_utf8_lossy(octets.as_slice()).into_owned())
                .map_err(|error| error.to_string())
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn answers_are_values_and_not_lines() {
        let answers = told(&b"{}{\n\"a\":\n1}"[..], 2);
        assert_eq!(
            answers,
            [Ok("{}".to_owned()), Ok("{\n\"a\":\n1}".to_owned())]
        );
    }

    #[test]
    fn a_missing_answer_is_noticed() {
        let closed = Err(Broken::Closed.to_string());
        let cut = told(&b"{} {\"a\""[..], 2);
        assert_eq!(cut, [Ok("{}".to_owned()), closed.clone()]);
        assert_eq!(told(&b" "[..], 1), vec![closed]);
    }

    #[test]
    fn rubbish_is_no_answer() {
        let outcome = told(&b"Welcome!\n{}"[..], 1);
        assert!(
            outcome[0]
                .as_ref()
                .is_err_and(|error| error.contains("not JSON")),
            "{outcome:?}"
        );
    }

    #[test]
    fn an_endless_answer_is_not_read_to_its_end() {
        let endless = io::Cursor::new(b"\"").chain(io::repeat(b'x'));
        assert_eq!(told(endless, 1), [Err(Broken::TooLarge.to_string())]);
        assert!(told(io::repeat(b'['), 1)[0].is_err());
    }
}
