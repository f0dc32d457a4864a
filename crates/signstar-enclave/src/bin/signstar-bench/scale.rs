//! How much is measured.

use std::time::{Duration, Instant};

/// How much is measured. The long form takes some minutes, the short one less than one.
#[derive(Debug)]
pub(crate) struct Scale {
    /// How often something short is timed.
    pub(crate) often: usize,
    /// How often something long is timed, if there is time.
    rounds: usize,
    /// After so long no further round of it begins.
    patience: Duration,
    /// How long a rate is measured.
    pub(crate) rate: Duration,
    /// How many sessions there are at once.
    pub(crate) sessions: &'static [usize],
    /// How many sessions wait.
    pub(crate) idle: usize,
    /// How many small files go through one session.
    pub(crate) small_files: &'static [usize],
    /// How many packages a mass rebuild has.
    pub(crate) packages: usize,
    /// How many signatures `gpg` makes in a round.
    pub(crate) gpg: usize,
    /// The size of a large file, in octets.
    pub(crate) large: u64,
    /// The size of a file that is larger than most memories, in octets; none if it is left out.
    pub(crate) huge: Option<u64>,
}

impl Scale {
    pub(crate) fn new(is_quick: bool) -> Self {
        if is_quick {
            return Self {
                often: 5,
                rounds: 1,
                patience: Duration::ZERO,
                rate: Duration::from_millis(300),
                sessions: &[1, 4],
                idle: 4,
                small_files: &[100],
                packages: 200,
                gpg: 10,
                large: 32 << 20,
                huge: None,
            };
        }
        Self {
            often: 60,
            rounds: 3,
            patience: Duration::from_secs(35),
            rate: Duration::from_millis(1500),
            sessions: &[1, 8, 64],
            idle: 64,
            small_files: &[1_000, 20_000],
            packages: 15_000,
            gpg: 200,
            large: 1 << 30,
            huge: Some(10 << 30),
        }
    }
    /// The rounds of something long: at least one. A slow machine has fewer, so that a run ends in
    /// minutes everywhere.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = usize> {
        let begin = Instant::now();
        let patience = self.patience;
        (0..self.rounds).take_while(move |round| *round == 0 || begin.elapsed() < patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_has_one_round_and_a_fast_one_all() {
        let slow = Scale {
            patience: Duration::ZERO,
            ..Scale::new(false)
        };
        assert_eq!(slow.rounds().count(), 1);
        assert_eq!(Scale::new(false).rounds().count(), 3);
    }
}
