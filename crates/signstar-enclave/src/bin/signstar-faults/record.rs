//! What each fault did, as a table.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use crate::fault::Fault;

/// What one kind of fault did.
#[derive(Debug, Default)]
struct Row {
    times: u64,
    answered: u64,
    refused: u64,
    lost: u64,
    back: Duration,
}

/// What happened while a fault lasted and until every client was served again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Signatures that arrived.
    pub(crate) answered: u64,
    /// Refusals that arrived.
    pub(crate) refused: u64,
    /// Requests without an answer.
    pub(crate) lost: u64,
    /// From the end of the fault until every client had a signature.
    pub(crate) back: Duration,
}

/// What each fault did.
#[derive(Debug, Default)]
pub(crate) struct Record(BTreeMap<Fault, Row>);

impl Record {
    pub(crate) fn add(&mut self, fault: Fault, outcome: Outcome) {
        let row = self.0.entry(fault).or_default();
        row.times += 1;
        row.answered += outcome.answered;
        row.refused += outcome.refused;
        row.lost += outcome.lost;
        row.back = row.back.max(outcome.back);
    }

    /// A table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = "| fault | times | signed meanwhile | refused | lost, asked again | \
                        served again after |\n|---|---:|---:|---:|---:|---:|\n"
            .to_owned();
        for (fault, row) in &self.0 {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {:.1} s |",
                fault.name(),
                row.times,
                row.answered,
                row.refused,
                row.lost,
                row.back.as_secs_f64()
            );
        }
        text
    }
}
