//! What is counted.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// The upper ends of the classes of time that an HSM takes, in microseconds.
pub(super) const CLASSES: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000, 30_000_000,
];

/// What is counted about one client.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Counts {
    /// Signatures by kind.
    pub(super) signed: BTreeMap<String, u64>,
    /// Refusals by code.
    pub(super) refused: BTreeMap<String, u64>,
    /// Devices that made a wrong signature.
    pub(super) devices_out_of_use: u64,
    /// The time that the HSM took.
    pub(super) hsm: Latency,
}

/// How often something took how long.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Latency {
    /// For each of [`CLASSES`] how often it took that long and longer than the one before.
    pub(super) classes: [u64; CLASSES.len()],
    /// How often in all.
    pub(super) count: u64,
    /// All together, in microseconds.
    pub(super) sum: u64,
}

impl Counts {
    pub(super) fn signed(&mut self, output: &str) {
        add(&mut self.signed, output, 1);
    }

    pub(super) fn refused(&mut self, code: &str) {
        add(&mut self.refused, code, 1);
    }

    pub(super) fn device_out_of_use(&mut self) {
        self.devices_out_of_use = self.devices_out_of_use.saturating_add(1);
    }

    pub(super) fn hsm_took(&mut self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let class = CLASSES
            .iter()
            .zip(&mut self.hsm.classes)
            .find(|(end, _)| time <= **end);
        if let Some((_, class)) = class {
            *class = class.saturating_add(1);
        }
        self.hsm.count = self.hsm.count.saturating_add(1);
        self.hsm.sum = self.hsm.sum.saturating_add(time);
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        for (output, count) in &other.signed {
            add(&mut self.signed, output, *count);
        }
        for (code, count) in &other.refused {
            add(&mut self.refused, code, *count);
        }
        self.devices_out_of_use = self
            .devices_out_of_use
            .saturating_add(other.devices_out_of_use);
        for (class, more) in self.hsm.classes.iter_mut().zip(other.hsm.classes) {
            *class = class.saturating_add(more);
        }
        self.hsm.count = self.hsm.count.saturating_add(other.hsm.count);
        self.hsm.sum = self.hsm.sum.saturating_add(other.hsm.sum);
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str, more: u64) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(more),
        None => {
            counts.insert(name.to_owned(), more);
        }
    }
}
