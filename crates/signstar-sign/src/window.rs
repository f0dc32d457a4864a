//! How much happened lately.

/// Counts of the last parts of time, each as long as the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// The number of the current part since 1970.
    now: u64,
    /// The current part first, then the one before it, and so on.
    counts: Vec<u32>,
}

impl Window {
    /// Nothing in the last `parts`.
    pub(crate) fn of(parts: usize) -> Self {
        Self {
            now: 0,
            counts: vec![0; parts],
        }
    }

    /// Lets time pass until the part `now`.
    ///
    /// When a clock is set back, what is counted stays as old as it was: nothing is forgiven, and
    /// nothing counts for longer than it should.
    pub(crate) fn advance(&mut self, now: u64) {
        let passed = usize::try_from(now.saturating_sub(self.now)).unwrap_or(usize::MAX);
        let passed = passed.min(self.counts.len());
        self.counts.rotate_right(passed);
        self.counts
            .iter_mut()
            .take(passed)
            .for_each(|count| *count = 0);
        self.now = now;
    }

    /// All that is counted.
    pub(crate) fn sum(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// Counts one more in the current part.
    pub(crate) fn add_one(&mut self) {
        if let Some(count) = self.counts.first_mut() {
            *count = count.saturating_add(1);
        }
    }

    /// Appends the number of the current part (64 bits) and the counts (32 bits each), all
    /// little-endian.
    pub(crate) fn write_to(&self, octets: &mut Vec<u8>) {
        octets.extend(self.now.to_le_bytes());
        for count in &self.counts {
            octets.extend(count.to_le_bytes());
        }
    }

    /// Reads as many parts as this has, and returns what follows.
    pub(crate) fn read_from<'a>(&mut self, octets: &'a [u8]) -> Option<&'a [u8]> {
        let (now, mut rest) = octets.split_first_chunk()?;
        self.now = u64::from_le_bytes(*now);
        for count in &mut self.counts {
            let (octets, after) = rest.split_first_chunk()?;
            *count = u32::from_le_bytes(*octets);
            rest = after;
        }
        Some(rest)
    }
}
