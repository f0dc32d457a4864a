//! What waits to be asked for, by when and how.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::backlog::Asked;

/// The most files whose salt is asked for or being hashed.
const MOST_SALTING: usize = 64;

/// What waits to be asked for, by when and how.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Asked for in a connection of its own.
    pub(crate) alone: VecDeque<Asked>,
    pub(crate) ready: VecDeque<Asked>,
    /// Not before its time.
    pub(crate) later: Vec<(Instant, Asked)>,
    /// How many were taken to get a salt, and are not back.
    pub(crate) salting: usize,
    /// The number of the connection.
    pub(crate) session: u32,
    /// No more will be offered.
    pub(crate) is_complete: bool,
    /// No more will be asked for.
    pub(crate) is_closed: bool,
}

impl Waiting {
    /// Whether all that is left is postponed.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_complete && self.salting == 0 && self.ready.is_empty()
    }

    /// The next one whose time has come.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Asked> {
        let due = self.later.iter().position(|(time, _)| *time <= now);
        if let Some(at) = due {
            let (_, asked) = self.later.swap_remove(at);
            self.ready.push_front(asked);
        }
        let first = self.ready.front_mut()?;
        if first.session.is_some_and(|session| session != self.session) {
            first.unsalt();
        }
        if first.hashed.is_none() {
            if self.salting >= MOST_SALTING {
                return None;
            }
            self.salting += 1;
        }
        self.ready.pop_front()
    }

    /// What was not answered, as it is asked for again: a salt counts in its connection only.
    pub(crate) fn returned(&mut self, mut asked: Asked) -> Asked {
        if asked.hashed.is_none() {
            self.salting = self.salting.saturating_sub(1);
        }
        if asked.session.is_some() {
            asked.unsalt();
        }
        asked
    }

    /// How long it is until one of those that are postponed is due.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Duration> {
        (self.later.iter())
            .map(|(time, _)| time.saturating_duration_since(now))
            .min()
    }
}
