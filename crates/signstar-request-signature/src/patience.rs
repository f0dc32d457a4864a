//! How long trouble may last.

use std::time::{Duration, Instant};

/// The first pause after trouble; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause is longer.
const LAST_PAUSE: Duration = Duration::from_secs(15);
/// How often an enclave is tried that never gave an answer. Most often it is misspelled, or the
/// key is not the right one, and that does not change.
pub(crate) const FIRST_TRIES: u32 = 3;

/// How long trouble may last: as long as nothing is signed, and no longer than this, a batch
/// reconnects and repeats what an enclave refused for the moment. Each signature renews it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience(Duration);

impl Patience {
    /// Trouble may last `limit`. None at all means that nothing is tried twice.
    pub fn new(limit: Duration) -> Self {
        Self(limit)
    }
}

impl Default for Patience {
    /// Two minutes: a host may restart, and a limit per minute may begin anew.
    fn default() -> Self {
        Self(Duration::from_secs(120))
    }
}

/// The trouble of one batch, and what is left of the patience with it.
#[derive(Debug)]
pub(crate) struct Trouble {
    patience: Patience,
    since: Option<Instant>,
}

impl Trouble {
    pub(crate) fn none(patience: Patience) -> Self {
        Self {
            patience,
            since: None,
        }
    }

    /// Something was signed.
    pub(crate) fn is_over(&mut self) {
        self.since = None;
    }

    /// The pause before something is tried that failed `failures` times, if the patience lasts
    /// that long.
    pub(crate) fn pause(&mut self, failures: u32, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let left = self
            .patience
            .0
            .checked_sub(now.saturating_duration_since(since))?;
        let pause = back_off(failures);
        (pause <= left && !self.patience.0.is_zero()).then_some(pause)
    }
}

fn back_off(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<_> = (1..=9).map(|n| back_off(n).as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]
        );
        assert_eq!(back_off(u32::MAX), LAST_PAUSE);
    }

    #[test]
    fn a_signature_renews_the_patience() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut trouble = Trouble::none(Patience::new(Duration::from_secs(10)));
        assert!(trouble.pause(1, at(0)).is_some());
        assert!(trouble.pause(2, at(9)).is_some());
        assert_eq!(trouble.pause(3, at(10)), None);
        trouble.is_over();
        assert!(trouble.pause(1, at(20)).is_some());
        assert!(trouble.pause(1, at(29)).is_some());
    }

    #[test]
    fn without_patience_nothing_is_tried_twice() {
        let mut trouble = Trouble::none(Patience::new(Duration::ZERO));
        assert_eq!(trouble.pause(1, Instant::now()), None);
    }
}
