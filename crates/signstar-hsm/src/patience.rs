//! How long a signature may take, and when to try again.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The pause before the third attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether it is still worth to wait for an HSM that is away. Shared by all who wait.
#[derive(Debug, Default)]
pub struct Hurry {
    hurried: Mutex<bool>,
    changed: Condvar,
}

impl Hurry {
    /// From now on nobody waits to try again, and who waits already gives up.
    pub fn now(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    /// Waits, and returns whether that was to the end.
    fn wait(&self, pause: Duration) -> bool {
        let hurried = self.lock();
        let waited = (self.changed).wait_timeout_while(hurried, pause, |hurried| !*hurried);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        // One flag is sound whatever happened to who set it.
        self.hurried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long an HSM has been away, as far as all know who ask it.
///
/// Patience is for the HSM, not for each request: once somebody has waited in vain until it was
/// over, the others ask once and do not wait. Thousands of requests would take hours to be refused.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<Option<Instant>>);

impl Outage {
    /// The HSM answered.
    pub(crate) fn is_over(&self) {
        *self.lock() = None;
    }

    /// The HSM did not answer; since when?
    fn since(&self) -> Instant {
        *self.lock().get_or_insert_with(Instant::now)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // One point in time is sound whatever happened to who set it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The attempts at one signature.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    hurry: &'a Hurry,
    outage: &'a Outage,
    patience: Duration,
    end: Instant,
    made: u32,
}

impl<'a> Attempts<'a> {
    /// Attempts until `patience` is over, of this request or of all others before it.
    pub(crate) fn within(patience: Duration, outage: &'a Outage, hurry: &'a Hurry) -> Self {
        Self {
            hurry,
            outage,
            patience,
            end: Instant::now() + patience,
            made: 0,
        }
    }

    /// The time that is left for all further attempts.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Waits until the next attempt after one that failed; false if there is none.
    ///
    /// The second follows at once: a device may close an idle connection at the moment at which it
    /// is used again.
    pub(crate) fn wait(&mut self) -> bool {
        self.made = self.made.saturating_add(1);
        let pause = match self.made.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => (FIRST_PAUSE * 2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE),
        };
        let lost = self.outage.since() + self.patience;
        let worthwhile = lost.saturating_duration_since(Instant::now());
        pause < self.left().min(worthwhile) && self.hurry.wait(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_several_attempts_and_an_end() {
        let (outage, hurry) = (Outage::default(), Hurry::default());
        let mut attempts = Attempts::within(Duration::from_millis(400), &outage, &hurry);
        let mut made = 1;
        while attempts.wait() {
            made += 1;
        }
        // At once, after 50, 100 and 200 milliseconds; a slow machine gets to fewer.
        assert!((2..=5).contains(&made), "{made}");
    }

    #[test]
    fn what_one_waited_for_in_vain_the_next_does_not_wait_for() {
        let (outage, hurry) = (Outage::default(), Hurry::default());
        let attempts = || Attempts::within(Duration::from_millis(20), &outage, &hurry);
        let mut first = attempts();
        while first.wait() {}
        std::thread::sleep(Duration::from_millis(20));
        assert!(!attempts().wait());
        outage.is_over();
        assert!(attempts().wait());
    }

    #[test]
    fn who_is_in_a_hurry_does_not_wait() {
        let (outage, hurry) = (Outage::default(), Hurry::default());
        let attempts = || Attempts::within(Duration::from_secs(3600), &outage, &hurry);
        let mut first = attempts();
        assert!(first.wait());
        hurry.now();
        assert!(!first.wait());
        assert!(!attempts().wait());
    }
}
