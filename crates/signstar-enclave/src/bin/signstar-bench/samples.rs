//! What was measured several times, in ascending order.

/// What was measured several times, in ascending order. Never empty.
#[derive(Clone, Debug)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Nothing if there is no sample.
    pub(crate) fn new(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        (!samples.is_empty()).then_some(Self(samples))
    }

    /// A single one.
    pub(crate) fn one(sample: f64) -> Self {
        Self(vec![sample])
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The one in the middle; of two, the lower.
    pub(crate) fn median(&self) -> f64 {
        self.at(50)
    }

    /// The least that so many in a hundred do not exceed.
    pub(crate) fn at(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail_are_samples_themselves() {
        let samples = Samples::new((1..=20).rev().map(f64::from).collect()).expect("samples");
        assert_eq!((samples.median(), samples.at(95)), (10.0, 19.0));
        let single = Samples::new(vec![7.0]).expect("a sample");
        assert_eq!((single.median(), single.at(95)), (7.0, 7.0));
        assert!(Samples::new(Vec::new()).is_none());
    }
}
