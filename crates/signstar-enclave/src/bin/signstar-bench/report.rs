//! All figures of one run.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{machine::Machine, row::Row};

/// Something that was left out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Skipped {
    /// What.
    pub(crate) what: String,
    /// Why.
    pub(crate) reason: String,
}

/// All figures of one run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// Where and when.
    pub(crate) machine: Machine,
    /// Whether counts were small. Targets are not judged then.
    pub(crate) is_quick: bool,
    /// The figures, in the order in which they were taken.
    pub(crate) rows: Vec<Row>,
    /// What was left out.
    pub(crate) skipped: Vec<Skipped>,
    /// What went wrong. The run has failed then.
    pub(crate) failed: Vec<String>,
    #[serde(skip)]
    group: String,
}

impl Report {
    /// One without figures.
    pub(crate) fn new(machine: Machine, is_quick: bool) -> Self {
        Self {
            machine,
            is_quick,
            rows: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            group: String::new(),
        }
    }

    /// What follows is of the measure `group`.
    pub(crate) fn begin(&mut self, group: &str) {
        group.clone_into(&mut self.group);
    }

    /// Adds a figure and judges it.
    pub(crate) fn add(&mut self, row: Row) {
        let is_met = if self.is_quick { None } else { row.judged() };
        self.rows.push(Row {
            group: self.group.clone(),
            is_met,
            ..row
        });
    }

    /// Says why something is left out, now and in the end. Once is enough.
    pub(crate) fn skip(&mut self, what: &str, reason: &impl ToString) {
        if self.skipped.iter().any(|skipped| skipped.what == what) {
            return;
        }
        self.skipped.push(Skipped {
            what: what.to_owned(),
            reason: reason.to_string(),
        });
    }

    /// How many targets are met, and how many were judged.
    pub(crate) fn score(&self) -> (usize, usize) {
        let judged = self.rows.iter().filter_map(|row| row.is_met);
        let judged: Vec<bool> = judged.collect();
        let met = judged.iter().filter(|is_met| **is_met).count();
        (met, judged.len())
    }

    /// The tables as a person reads them in a terminal.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("\n{}\n", self.machine.to_text());
        let mut group = "";
        for row in &self.rows {
            if row.group != group {
                group = &row.group;
                let heads = ["middle", "95 in 100", "ratio", "target"];
                let [middle, tail, ratio, target] = heads;
                // Writing to a text cannot fail.
                let _ = writeln!(
                    text,
                    "\n{group:<58} {middle:>12} {tail:>12} {ratio:>7} {target:>12}"
                );
            }
            let tail = row.tail.map(|tail| row.unit.write(tail));
            let ratio = row.ratio.map(|ratio| format!("{ratio:.2}"));
            let peer = row.peer.as_ref().map(|peer| {
                let figure = row.unit.write(peer.figure);
                format!("  of {} ({figure})", peer.name)
            });
            let _ = writeln!(
                text,
                "  {:<56} {:>12} {:>12} {:>7} {:>12} {}{}",
                row.name,
                row.unit.write(row.figure),
                tail.unwrap_or_default(),
                ratio.unwrap_or_default(),
                row.wanted().unwrap_or_default(),
                verdict(row),
                peer.unwrap_or_default(),
            );
        }
        for Skipped { what, reason } in &self.skipped {
            let _ = writeln!(text, "\nLEFT OUT: {what}: {reason}");
        }
        let (met, judged) = self.score();
        let _ = match judged {
            0 => writeln!(text, "\nno target was judged"),
            _ => writeln!(text, "\n{met} of {judged} targets met"),
        };
        if let Some(warning) = self.machine.warning() {
            let _ = writeln!(text, "{warning}");
        }
        text
    }
}

/// Met, missed, or nothing.
pub(crate) fn verdict(row: &Row) -> &'static str {
    match row.is_met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    }
}
