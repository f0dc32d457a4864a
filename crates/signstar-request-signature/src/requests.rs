//! Requests made elsewhere that wait to be passed on.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::Error;

/// The most that waits. What was not answered comes on top when it is put back.
const MOST: usize = 64;

/// Requests made elsewhere that wait to be passed on, in their order. One thread fills it, one
/// empties it.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    ready: VecDeque<String>,
    /// How the input ended, once it did.
    end: Option<Result<(), Error>>,
    is_complete: bool,
    /// No more will be passed on.
    is_closed: bool,
}

/// What to say next in a connection.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Ask(String),
    /// Nothing yet, and that for long.
    Silence,
    /// Nothing more.
    End,
}

impl Requests {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request when there is room. Says whether anybody still wants it.
    pub(crate) fn add(&self, json: String) -> bool {
        let mut waiting = self.lock();
        while !waiting.is_closed && waiting.ready.len() >= MOST {
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.is_closed {
            return false;
        }
        waiting.ready.push_back(json);
        self.changed.notify_all();
        true
    }

    /// The input is at its end, or cannot be read any further.
    pub(crate) fn complete(&self, end: Result<(), Error>) {
        let mut waiting = self.lock();
        waiting.is_complete = true;
        waiting.end = Some(end);
        self.changed.notify_all();
    }

    /// How the input ended, told once.
    pub(crate) fn end(&self) -> Result<(), Error> {
        self.lock().end.take().unwrap_or(Ok(()))
    }

    /// Nothing will be passed on any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Puts back what was not answered, in the order in which it was passed on.
    pub(crate) fn put_back(&self, unanswered: Vec<String>) {
        let mut waiting = self.lock();
        for json in unanswered.into_iter().rev() {
            waiting.ready.push_front(json);
        }
        self.changed.notify_all();
    }

    /// What to begin a connection with, as soon as there is anything; nothing if there will be
    /// nothing.
    pub(crate) fn first(&self) -> Option<String> {
        let mut waiting = self.lock();
        loop {
            if let Some(json) = waiting.ready.pop_front() {
                self.changed.notify_all();
                return Some(json);
            }
            if waiting.is_complete {
                return None;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What to say next. Waits for at most `silence`, and only while there may be more.
    pub(crate) fn next(&self, silence: Duration, is_broken: impl Fn() -> bool) -> Next {
        let begin = Instant::now();
        let mut waiting = self.lock();
        loop {
            if waiting.is_closed || is_broken() {
                return Next::End;
            }
            if let Some(json) = waiting.ready.pop_front() {
                self.changed.notify_all();
                return Next::Ask(json);
            }
            if waiting.is_complete {
                return Next::End;
            }
            let Some(left) = silence.checked_sub(begin.elapsed()) else {
                return Next::Silence;
            };
            waiting = self
                .changed
                .wait_timeout(waiting, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Has whoever waits in [`Self::next`] look whether the connection is broken.
    pub(crate) fn look_up(&self) {
        let _lock = self.lock();
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn what_was_not_answered_comes_first_and_in_order() {
        let requests = Requests::default();
        for json in ["a", "b", "c"] {
            assert!(requests.add(json.to_owned()));
        }
        requests.complete(Ok(()));
        assert_eq!(requests.first().as_deref(), Some("a"));
        assert_eq!(requests.next(LONG, || false), Next::Ask("b".to_owned()));
        requests.put_back(vec!["a".to_owned(), "b".to_owned()]);
        for json in ["a", "b", "c"] {
            assert_eq!(requests.first().as_deref(), Some(json));
        }
        assert_eq!(requests.next(LONG, || false), Next::End);
        assert_eq!(requests.first(), None);
    }

    #[test]
    fn nobody_waits_for_a_connection_that_is_broken() {
        let requests = Requests::default();
        assert_eq!(requests.next(Duration::ZERO, || false), Next::Silence);
        assert_eq!(requests.next(LONG, || true), Next::End);
        thread::scope(|scope| {
            let full = scope.spawn(|| (0..=MOST).all(|_| requests.add(String::new())));
            requests.close();
            assert!(!full.join().expect("no panic"));
        });
        assert_eq!(requests.next(LONG, || false), Next::End);
    }
}
