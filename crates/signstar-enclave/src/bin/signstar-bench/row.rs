//! One figure, with what it is compared to and what it should be.

use serde::{Deserialize, Serialize};

use crate::samples::Samples;

/// What a figure counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Unit {
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "1/s")]
    PerSecond,
    #[serde(rename = "MiB")]
    Mebibytes,
    #[serde(rename = "MiB/s")]
    MebibytesPerSecond,
}

impl Unit {
    /// The figure as a person reads it.
    pub(crate) fn write(self, figure: f64) -> String {
        match self {
            Self::Milliseconds if figure < 10.0 => format!("{figure:.2} ms"),
            Self::Milliseconds => format!("{figure:.1} ms"),
            Self::Seconds => format!("{figure:.2} s"),
            Self::PerSecond => format!("{}/s", grouped(figure)),
            Self::Mebibytes => format!("{figure:.1} MiB"),
            Self::MebibytesPerSecond => format!("{} MiB/s", grouped(figure)),
        }
    }

    /// Whether less is better.
    fn is_cost(self) -> bool {
        !matches!(self, Self::PerSecond | Self::MebibytesPerSecond)
    }
}

/// A whole number with its thousands apart.
fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a figure should be, at most or at least as its unit has it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// The figure itself.
    Figure(f64),
    /// The figure in times of what it is compared to.
    Ratio(f64),
}

/// What a figure is compared to, measured in the same run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Peer {
    /// What it is.
    pub(crate) name: String,
    /// Its figure, in the same unit.
    pub(crate) figure: f64,
}

/// One figure.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    /// The measure that it is of.
    pub(crate) group: String,
    /// What was measured.
    pub(crate) name: String,
    /// What it counts.
    pub(crate) unit: Unit,
    /// The middle of the samples.
    pub(crate) figure: f64,
    /// What 95 in 100 samples are no worse than, if there are several.
    pub(crate) tail: Option<f64>,
    /// How many samples there are.
    pub(crate) samples: usize,
    /// What it is compared to.
    pub(crate) peer: Option<Peer>,
    /// The figure in times of that.
    pub(crate) ratio: Option<f64>,
    /// What it should be.
    pub(crate) target: Option<Target>,
    /// Whether it is so; nothing without a target, or when the counts are too small to tell.
    pub(crate) is_met: Option<bool>,
}

impl Row {
    /// The figure of `samples`.
    pub(crate) fn new(name: impl Into<String>, unit: Unit, samples: &Samples) -> Self {
        let worse = if unit.is_cost() { 95 } else { 5 };
        Self {
            group: String::new(),
            name: name.into(),
            unit,
            figure: samples.median(),
            tail: (samples.len() > 1).then(|| samples.at(worse)),
            samples: samples.len(),
            peer: None,
            ratio: None,
            target: None,
            is_met: None,
        }
    }

    /// The same of a single sample.
    pub(crate) fn once(name: impl Into<String>, unit: Unit, figure: f64) -> Self {
        Self::new(name, unit, &Samples::one(figure))
    }

    /// Compares it to `figure` of `name`.
    #[must_use]
    pub(crate) fn beside(mut self, name: impl Into<String>, figure: f64) -> Self {
        self.peer = Some(Peer {
            name: name.into(),
            figure,
        });
        self.ratio = Some(self.figure / figure);
        self
    }

    /// Says what it should be.
    #[must_use]
    pub(crate) fn should(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Whether the target is met; nothing without one, or if what to compare to is missing.
    pub(crate) fn judged(&self) -> Option<bool> {
        let (figure, limit) = match self.target? {
            Target::Figure(limit) => (self.figure, limit),
            Target::Ratio(limit) => (self.ratio?, limit),
        };
        Some(if self.unit.is_cost() {
            figure <= limit
        } else {
            figure >= limit
        })
    }

    /// The target as a person reads it.
    pub(crate) fn wanted(&self) -> Option<String> {
        let bound = if self.unit.is_cost() { "≤" } else { "≥" };
        self.target.map(|target| match target {
            Target::Figure(limit) => format!("{bound} {}", self.unit.write(limit)),
            Target::Ratio(limit) => format!("{bound} {limit} ×"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: Unit, figure: f64) -> Row {
        Row::once("something", unit, figure)
    }

    #[test]
    fn costs_have_a_ceiling_and_rates_a_floor() {
        let time = row(Unit::Milliseconds, 60.0).should(Target::Figure(60.0));
        assert_eq!(time.judged(), Some(true));
        let time = row(Unit::Milliseconds, 60.1).should(Target::Figure(60.0));
        assert_eq!(time.judged(), Some(false));
        let rate = row(Unit::PerSecond, 2999.0).should(Target::Figure(3000.0));
        assert_eq!(rate.judged(), Some(false));
        assert_eq!(rate.wanted().as_deref(), Some("≥ 3,000/s"));
    }

    #[test]
    fn a_ratio_without_a_peer_is_not_judged() {
        let alone = row(Unit::Seconds, 2.0).should(Target::Ratio(1.0));
        assert_eq!(alone.judged(), None);
        assert_eq!(alone.clone().beside("it", 2.0).judged(), Some(true));
        assert_eq!(alone.beside("it", 1.9).judged(), Some(false));
    }

    #[test]
    fn thousands_stand_apart() {
        for (figure, text) in [(7.0, "7"), (999.6, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(grouped(figure), text);
        }
    }
}
