//! The text format of Prometheus, version 0.0.4.

use std::fmt::Write as _;

use super::counts::{CLASSES, Counts};

/// Metrics as text.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// What is counted about `client`, of which `in_flight` requests are not answered yet.
    pub(super) fn about(client: &str, counts: &Counts, in_flight: u64) -> Self {
        let client = label("client", client);
        let mut page = Self::default();
        page.metric(
            "signstar_signatures_total",
            "counter",
            "Signatures released.",
        );
        for (output, count) in &counts.signed {
            let labels = format!("{client},{}", label("output", output));
            page.sample("signstar_signatures_total", &labels, *count);
        }
        page.metric("signstar_refusals_total", "counter", "Requests refused.");
        for (code, count) in &counts.refused {
            let labels = format!("{client},{}", label("code", code));
            page.sample("signstar_refusals_total", &labels, *count);
        }
        page.metric(
            "signstar_devices_out_of_use_total",
            "counter",
            "Devices not asked again in a session, because they made a wrong signature.",
        );
        page.sample(
            "signstar_devices_out_of_use_total",
            &client,
            counts.devices_out_of_use,
        );
        page.metric("signstar_in_flight", "gauge", "Requests not answered yet.");
        page.sample("signstar_in_flight", &client, in_flight);
        page.hsm(&client, counts);
        page
    }

    fn hsm(&mut self, client: &str, counts: &Counts) {
        const NAME: &str = "signstar_hsm_seconds";
        self.metric(
            NAME,
            "histogram",
            "Time that the HSM took, all attempts together.",
        );
        let mut below = 0_u64;
        for (end, class) in CLASSES.iter().zip(counts.hsm.classes) {
            below = below.saturating_add(class);
            let labels = format!("{client},{}", label("le", &seconds(*end)));
            self.sample(&format!("{NAME}_bucket"), &labels, below);
        }
        let labels = format!("{client},{}", label("le", "+Inf"));
        self.sample(&format!("{NAME}_bucket"), &labels, counts.hsm.count);
        self.sample(&format!("{NAME}_sum"), client, seconds(counts.hsm.sum));
        self.sample(&format!("{NAME}_count"), client, counts.hsm.count);
    }

    /// Begins a metric; its samples follow.
    pub(crate) fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample, with labels made by [`label`].
    pub(crate) fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A label with its value.
pub(crate) fn label(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

/// Microseconds as seconds, exactly.
fn seconds(microseconds: u64) -> String {
    let (whole, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_page_is_as_it_was_designed() {
        let mut counts = Counts::default();
        counts.signed("OpenPGPv4");
        counts.signed("OpenPGPv4");
        counts.refused("rate-limited");
        for milliseconds in [1, 3, 60_000] {
            counts.hsm_took(Duration::from_millis(milliseconds));
        }
        let page = Page::about("builder", &counts, 2);
        let expected = include_str!("builder.prom");
        assert_eq!(page.as_str(), expected);
    }

    #[test]
    fn labels_are_quoted_and_seconds_exact() {
        assert_eq!(label("a", "b\"c\\\n"), r#"a="b\"c\\\n""#);
        assert_eq!(seconds(500), "0.0005");
        assert_eq!(seconds(30_000_000), "30");
        assert_eq!(seconds(0), "0");
    }
}
