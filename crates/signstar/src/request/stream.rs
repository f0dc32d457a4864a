//! The requests of one session, one after the other.

use std::{cell::Cell, io, rc::Rc};

use serde_json::{Deserializer, StreamDeserializer, de::IoRead, value::RawValue};

use super::MAX_OCTETS;

/// Cuts what a client sends into requests, reading no further than the end of each.
///
/// White space may stand between requests. A request and the white space before it may have
/// [`MAX_OCTETS`] together; nothing more than that is ever held.
pub struct Stream<R: io::Read> {
    values: StreamDeserializer<'static, IoRead<Bounded<R>>, Octets>,
    left: Rc<Cell<usize>>,
    over: bool,
}

/// The octets of one request: one JSON value, not looked at any closer.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub struct Octets(Box<RawValue>);

/// Why no further request can be read from a session.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// More than [`MAX_OCTETS`] before the end of the request.
    #[error("the request is longer than 65536 octets")]
    TooLarge,
    /// Not JSON, or cut off.
    #[error("not JSON: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The session broke.
    #[error("cannot read the request: {0}")]
    Io(#[source] serde_json::Error),
}

impl Octets {
    /// The octets as they were sent.
    pub fn as_slice(&self) -> &[u8] {
        self.0.get().as_bytes()
    }
}

impl<R: io::Read> Stream<R> {
    /// Reads requests from `reader`, octet by octet: give it a buffered one.
    pub fn new(reader: R) -> Self {
        let left = Rc::new(Cell::new(MAX_OCTETS));
        let bounded = Bounded {
            inner: reader,
            left: Rc::clone(&left),
        };
        Self {
            values: Deserializer::from_reader(bounded).into_iter(),
            left,
            over: false,
        }
    }
}

impl<R: io::Read> std::fmt::Debug for Stream<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl<R: io::Read> Iterator for Stream<R> {
    type Item = Result<Octets, StreamError>;

    /// The next request. After an error there is none: what follows cannot be told apart.
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        self.left.set(MAX_OCTETS);
        let next = self.values.next()?.map_err(|error| {
            self.over = true;
            match error {
                _ if self.left.get() == 0 => StreamError::TooLarge,
                error if error.is_io() => StreamError::Io(error),
                error => StreamError::Malformed(error),
            }
        });
        Some(next)
    }
}

/// A reader that fails once it has given as many octets as it is allowed to.
struct Bounded<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R: io::Read> io::Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("the request is too long"));
        }
        let wanted = buffer.len().min(left);
        let read = match buffer.get_mut(..wanted) {
            Some(room) => self.inner.read(room)?,
            None => 0,
        };
        self.left.set(left.saturating_sub(read));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(input: &str) -> Vec<Result<usize, String>> {
        Stream::new(input.as_bytes())
            .map(|next| {
                next.map(|octets| octets.as_slice().len())
                    .map_err(|error| error.to_string())
            })
            .collect()
    }

    #[test]
    fn requests_need_nothing_between_them() {
        assert_eq!(sizes("{}{\"a\":1}\n\n [1] "), [Ok(2), Ok(7), Ok(3)]);
        assert_eq!(sizes(" \n"), []);
    }

    #[test]
    fn the_bound_is_per_request() {
        let fits = format!("\"{}\"", "x".repeat(MAX_OCTETS - 2));
        assert_eq!(
            sizes(&fits.repeat(3)),
            [Ok(MAX_OCTETS), Ok(MAX_OCTETS), Ok(MAX_OCTETS)]
        );
        let over = format!("\"{}\"", "x".repeat(MAX_OCTETS - 1));
        let too_large = StreamError::TooLarge.to_string();
        assert_eq!(sizes(&over.repeat(3)), [Err(too_large.clone())]);
        assert_eq!(sizes(&" ".repeat(MAX_OCTETS + 1)), [Err(too_large)]);
    }

    #[test]
    fn after_rubbish_nothing_is_a_request() {
        let results = sizes("{} {] {}");
        assert_eq!(results.len(), 2, "{results:?}");
        assert!(
            results[1]
                .as_ref()
                .is_err_and(|error| error.starts_with("not JSON"))
        );
        assert!(sizes("{\"version\":")[0].is_err());
    }
}
