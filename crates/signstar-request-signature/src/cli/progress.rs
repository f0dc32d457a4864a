//! A bar on a terminal, plain lines elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signstar_request_signature::{Error, Target};

use super::screen;

/// What a person sees while files are signed.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    is_quiet: bool,
    files: usize,
    signed: usize,
}

impl Progress {
    pub(crate) fn new(targets: &[Target], is_quiet: bool) -> Self {
        let is_terminal = io::stderr().is_terminal() && !is_quiet;
        let bar = if is_terminal {
            bar(targets)
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            is_terminal,
            is_quiet,
            files: targets.len(),
            signed: 0,
        }
    }

    pub(crate) fn hashed(&self, octets: u64) {
        self.bar.inc(octets);
    }

    /// Leaves the terminal to `ssh`, which may ask for a passphrase or a touch.
    pub(crate) fn pause(&self) {
        if self.is_terminal {
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    fn resume(&self) {
        if self.is_terminal && self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    pub(crate) fn signed(&mut self, input: &Path, output: &Path) {
        self.signed += 1;
        self.resume();
        self.bar
            .set_message(format!("{} of {} signed", self.signed, self.files));
        if !self.is_quiet {
            let line = format!("signed {} -> {}", input.display(), output.display());
            self.bar.suspend(|| screen::say(line));
        }
    }

    /// The connection is made anew after `pause`.
    pub(crate) fn reconnecting(&self, pause: Duration) {
        self.note(format!(
            "note: the connection broke or could not be made; the next try is in {pause:?}"
        ));
    }

    /// The enclave refused `input` for the moment.
    pub(crate) fn postponed(&self, input: &Path, code: &str, pause: Duration) {
        let input = input.display();
        self.note(format!(
            "note: {input}: refused for the moment ({code}); asked for again in {pause:?}"
        ));
    }

    fn note(&self, line: String) {
        if !self.is_quiet {
            self.bar.suspend(|| screen::note(line));
        }
    }

    pub(crate) fn failed(&self, error: &Error) {
        // After trouble here, `ssh` may still be asking.
        if error.exit_status() != 1 {
            self.resume();
        }
        self.bar.suspend(|| screen::complain(error));
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn bar(targets: &[Target]) -> ProgressBar {
    let octets = targets
        .iter()
        .filter_map(|target| target.input.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    let style = ProgressStyle::with_template(
        "{bar:30} {binary_bytes} of {binary_total_bytes} hashed ({binary_bytes_per_sec}), {msg}",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(octets)
        .with_style(style)
        .with_message(format!("0 of {} signed", targets.len()))
}
