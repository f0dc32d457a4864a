//! The sessions with a token: not too many, and kept for the next one.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{TokenError, helper::Helper};

/// At most so many sessions, each in a process of its own.
pub(super) struct Pool {
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    busy: usize,
    idle: Vec<Helper>,
}

/// The right to one session, with one that is open already if there is any.
pub(super) struct Place<'a> {
    pool: &'a Pool,
    /// The session. What is here in the end is kept for the next one.
    pub(super) helper: Option<Helper>,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Waits for a place until `end`.
    pub(super) fn take(&self, end: Instant) -> Result<Place<'_>, TokenError> {
        let left = end.saturating_duration_since(Instant::now());
        let full = |state: &mut State| state.busy >= self.most;
        let waited = self.freed.wait_timeout_while(self.lock(), left, full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && state.busy >= self.most {
            return Err(TokenError::Busy);
        }
        state.busy += 1;
        Ok(Place {
            pool: self,
            helper: state.idle.pop(),
        })
    }

    /// Ends all sessions that nobody uses: what one has met, the others will meet.
    pub(super) fn forget(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        // Outside of the lock.
        drop(idle);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A count and a list are sound whatever happened to who held them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.busy = state.busy.saturating_sub(1);
        state.idle.extend(self.helper.take());
        drop(state);
        self.pool.freed.notify_one();
    }
}
