//! Numbers that follow from a seed: the same seed, the same faults.

/// `SplitMix64` (Steele, Lea and Flood 2014): for plans, never for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence number `stream` of `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed);
        let start = random.next() ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self(start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`; as even as a plan needs it.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Whether it happens that happens once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.between(1, times) == 1
    }

    /// Any one of `things`; none of none.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let last = things.len().checked_sub(1)?;
        let at = self.between(0, u64::try_from(last).ok()?);
        things.get(usize::try_from(at).ok()?)
    }

    /// Brings `things` into any order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let most = u64::try_from(last).unwrap_or(u64::MAX);
            let other = usize::try_from(self.between(0, most)).unwrap_or(last);
            things.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_everything() {
        let mut order: Vec<u32> = (0..20).collect();
        let mut again = order.clone();
        Random::new(7, 1).shuffle(&mut order);
        Random::new(7, 1).shuffle(&mut again);
        assert_eq!(order, again);
        Random::new(8, 1).shuffle(&mut again);
        assert_ne!(order, again);
        again.sort_unstable();
        assert_eq!(again, (0..20).collect::<Vec<_>>());
    }
}
