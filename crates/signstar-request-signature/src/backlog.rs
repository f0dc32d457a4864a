//! What is still to be asked for.

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use signstar::request::{RequestId, Salt};

use crate::{Error, Hashed, NameSalt, Trust, waiting::Waiting};

/// The most that waits. With it memory does not grow with the number of files.
const MOST: usize = 256;
/// The longest sleep where there is nothing to wait for but somebody else.
const LONG: Duration = Duration::from_secs(3600);

/// A file that a signature is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its place in a batch.
    pub(crate) index: usize,
    /// What stands for it; nothing yet if a salt is needed first.
    pub(crate) hashed: Option<Box<Hashed>>,
    /// The connection in which its salt counts, if there is one.
    pub(crate) session: Option<u32>,
    /// What it is called, if anything.
    pub(crate) path: Option<PathBuf>,
    /// How often the enclave refused for the moment.
    pub(crate) refusals: u32,
    /// What the request is called, where a proof is wanted: asked for again, it is the same.
    pub(crate) id: Option<RequestId>,
    /// What hides the name of the file in the log, where that is wanted. It stays the same, too.
    pub(crate) name_salt: Option<NameSalt>,
}

impl Asked {
    /// What was `hashed`, if it was, called `path`, asked for under an id of its own if `trust`
    /// wants a proof.
    pub(crate) fn new(
        index: usize,
        hashed: Option<Hashed>,
        path: Option<PathBuf>,
        trust: &Trust,
    ) -> Result<Self, Error> {
        let id = match trust.logs() {
            Some(_) => {
                let mut octets = [0; 16];
                getrandom::fill(&mut octets)?;
                RequestId::new(&HEXLOWER.encode(&octets))
            }
            None => None,
        };
        Ok(Self {
            index,
            hashed: hashed.map(Box::new),
            session: None,
            path,
            refusals: 0,
            id,
            name_salt: None,
        })
    }

    /// The same, with a fresh salt for the name of the file.
    pub(crate) fn with_name_salt(self) -> Result<Self, Error> {
        Ok(Self {
            name_salt: Some(NameSalt::draw()?),
            ..self
        })
    }

    /// The same once it is `hashed` after `salt`. With another salt it is another request, so that a
    /// log which has the earlier one does not take it for that: it is called after the salt.
    pub(crate) fn salted(self, hashed: Hashed, salt: &Salt) -> Self {
        let (name, _) = salt.as_octets().split_at(16);
        Self {
            hashed: Some(Box::new(hashed)),
            id: self.id.and_then(|_| RequestId::new(&HEXLOWER.encode(name))),
            ..self
        }
    }

    /// Forgets what was hashed after a salt that does not count any more.
    pub(crate) fn unsalt(&mut self) {
        self.hashed = None;
        self.session = None;
    }
}

/// What is still to be asked for. Some threads fill it, one empties it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// What to begin a connection with.
#[derive(Debug)]
pub(crate) enum First {
    /// This and whatever follows.
    WithOthers(Asked),
    /// This and nothing else.
    Alone(Asked),
}

/// What to say next in a connection.
#[derive(Debug)]
pub(crate) enum Next {
    Ask(Box<Asked>),
    /// Nothing yet, and that for long.
    Silence,
    /// Nothing more.
    End,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        limit: Duration,
    ) -> MutexGuard<'a, Waiting> {
        self.changed
            .wait_timeout(waiting, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Adds `asked` when there is room. Says whether anybody still wants it.
    pub(crate) fn offer(&self, asked: Asked) -> bool {
        let mut waiting = self.lock();
        while !waiting.is_closed && waiting.ready.len() + waiting.later.len() >= MOST {
            waiting = self.wait(waiting, LONG);
        }
        let is_wanted = !waiting.is_closed;
        if is_wanted {
            waiting.ready.push_back(asked);
            self.changed.notify_all();
        }
        is_wanted
    }

    /// Begins a connection, and returns its number. Salts of those before count no more.
    pub(crate) fn begin(&self) -> u32 {
        let mut waiting = self.lock();
        waiting.session = waiting.session.wrapping_add(1);
        waiting.session
    }

    /// Puts back what was hashed after its salt, to be asked for next.
    pub(crate) fn salted(&self, asked: Asked) {
        let mut waiting = self.lock();
        waiting.salting = waiting.salting.saturating_sub(1);
        waiting.ready.push_front(asked);
        self.changed.notify_all();
    }

    /// One that was taken to get a salt will not come back.
    pub(crate) fn forget_salting(&self) {
        let mut waiting = self.lock();
        waiting.salting = waiting.salting.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Everything has been offered.
    pub(crate) fn complete(&self) {
        self.lock().is_complete = true;
        self.changed.notify_all();
    }

    /// Nothing will be asked for any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Puts back what was not answered, in the order in which it was asked for.
    pub(crate) fn put_back(&self, unanswered: impl DoubleEndedIterator<Item = Asked>) {
        let mut waiting = self.lock();
        for asked in unanswered.rev() {
            let asked = waiting.returned(asked);
            waiting.ready.push_front(asked);
        }
        self.changed.notify_all();
    }

    /// Puts back what may have broken the connection for others.
    pub(crate) fn set_apart(&self, asked: Asked) {
        let mut waiting = self.lock();
        let asked = waiting.returned(asked);
        waiting.alone.push_back(asked);
        self.changed.notify_all();
    }

    /// Puts back what is not to be asked for before `time`.
    pub(crate) fn postpone(&self, asked: Asked, time: Instant) {
        let mut waiting = self.lock();
        if asked.hashed.is_none() {
            waiting.salting = waiting.salting.saturating_sub(1);
        }
        waiting.later.push((time, asked));
        self.changed.notify_all();
    }

    /// What to begin a connection with, as soon as there is anything; nothing if there will be
    /// nothing.
    pub(crate) fn first(&self) -> Option<First> {
        let mut waiting = self.lock();
        loop {
            if let Some(asked) = waiting.alone.pop_front() {
                waiting.salting += usize::from(asked.hashed.is_none());
                return Some(First::Alone(asked));
            }
            if let Some(asked) = waiting.take(Instant::now()) {
                self.changed.notify_all();
                return Some(First::WithOthers(asked));
            }
            if waiting.is_closed || (waiting.is_at_end() && waiting.later.is_empty()) {
                return None;
            }
            let limit = waiting.next_due(Instant::now()).unwrap_or(LONG);
            waiting = self.wait(waiting, limit);
        }
    }

    /// What to say next. Waits for at most `silence`, and only while there may be more.
    ///
    /// What is postponed does not keep a connection open: some enclaves answer at its end.
    pub(crate) fn next(&self, silence: Duration, is_broken: impl Fn() -> bool) -> Next {
        let begin = Instant::now();
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            if waiting.is_closed || is_broken() {
                return Next::End;
            }
            if let Some(asked) = waiting.take(now) {
                self.changed.notify_all();
                return Next::Ask(Box::new(asked));
            }
            if waiting.is_at_end() {
                return Next::End;
            }
            let Some(left) = silence.checked_sub(now.saturating_duration_since(begin)) else {
                return Next::Silence;
            };
            let limit = waiting.next_due(now).map_or(left, |due| due.min(left));
            waiting = self.wait(waiting, limit);
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
    use super::*;

    fn asked(index: usize) -> Asked {
        Asked {
            index,
            hashed: Some(Box::new(
                Hashed::reader(&b""[..], "nothing".as_ref()).expect("readable"),
            )),
            session: None,
            path: None,
            refusals: 0,
            id: None,
            name_salt: None,
        }
    }

    fn next(backlog: &Backlog) -> Option<usize> {
        match backlog.next(Duration::ZERO, || false) {
            Next::Ask(asked) => Some(asked.index),
            _ => None,
        }
    }

    #[test]
    fn what_was_not_answered_comes_first_and_in_order() {
        let backlog = Backlog::default();
        assert!(backlog.offer(asked(2)));
        backlog.put_back([asked(0), asked(1)].into_iter());
        backlog.complete();
        let order: Vec<_> = std::iter::from_fn(|| next(&backlog)).collect();
        assert_eq!(order, [0, 1, 2]);
        assert!(backlog.first().is_none());
    }

    #[test]
    fn what_is_postponed_needs_no_open_connection_but_is_not_forgotten() {
        let backlog = Backlog::default();
        backlog.postpone(asked(7), Instant::now() + Duration::from_millis(20));
        backlog.complete();
        assert!(matches!(backlog.next(LONG, || false), Next::End));
        let Some(First::WithOthers(first)) = backlog.first() else {
            panic!("forgotten");
        };
        assert_eq!(first.index, 7);
        assert!(backlog.first().is_none());
    }

    #[test]
    fn who_is_set_apart_is_asked_for_alone() {
        let backlog = Backlog::default();
        backlog.put_back([asked(1)].into_iter());
        backlog.set_apart(asked(0));
        assert!(matches!(backlog.first(), Some(First::Alone(asked)) if asked.index == 0));
        assert!(matches!(backlog.first(), Some(First::WithOthers(asked)) if asked.index == 1));
    }

    #[test]
    fn nothing_is_taken_for_a_broken_connection() {
        let backlog = Backlog::default();
        assert!(backlog.offer(asked(0)));
        assert!(matches!(backlog.next(LONG, || true), Next::End));
        assert_eq!(next(&backlog), Some(0));
        assert!(matches!(
            backlog.next(Duration::ZERO, || false),
            Next::Silence
        ));
        backlog.close();
        assert!(!backlog.offer(asked(1)));
    }

    #[test]
    fn with_another_salt_it_is_another_request() {
        let hashed = || Hashed::reader(&b""[..], "file".as_ref()).expect("no file at all");
        let named = |salt: u8| {
            let asked = Asked {
                index: 0,
                hashed: None,
                session: None,
                path: None,
                refusals: 0,
                id: RequestId::new("first"),
                name_salt: None,
            };
            let salted = asked.salted(hashed(), &Salt::new([salt; 32]));
            salted.id.expect("a name").as_str().to_owned()
        };
        assert_eq!(named(1), "01".repeat(16));
        assert_ne!(named(1), named(2));
    }

    #[test]
    fn a_salt_counts_in_its_connection_only() {
        let backlog = Backlog::default();
        let session = backlog.begin();
        let unsalted = |index| Asked {
            hashed: None,
            ..asked(index)
        };
        assert!(backlog.offer(unsalted(0)));
        backlog.complete();
        assert_eq!(next(&backlog), Some(0));
        // Its salt is on the way: the connection stays open.
        assert!(matches!(
            backlog.next(Duration::ZERO, || false),
            Next::Silence
        ));
        let salted = || Asked {
            session: Some(session),
            ..asked(0)
        };
        backlog.salted(salted());
        let Next::Ask(again) = backlog.next(Duration::ZERO, || false) else {
            panic!("forgotten");
        };
        assert!(again.hashed.is_some());
        assert!(matches!(backlog.next(LONG, || false), Next::End));

        backlog.put_back([*again].into_iter());
        backlog.begin();
        let Some(First::WithOthers(again)) = backlog.first() else {
            panic!("forgotten");
        };
        assert!(again.hashed.is_none() && again.session.is_none());
        backlog.forget_salting();
        assert!(backlog.first().is_none());
    }
}
