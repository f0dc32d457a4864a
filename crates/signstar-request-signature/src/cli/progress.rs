//! A bar on a terminal, plain lines elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use signstar_request_signature::Target;

use super::screen;

/// What a signature counts beside the octets that are hashed for it, so that thousands of small
/// files take their time on the bar, too.
const SIGNATURE: u64 = 1 << 20;

/// What a person sees while files are signed.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    is_quiet: bool,
    files: usize,
    octets: u64,
    hashed: u64,
    done: usize,
}

impl Progress {
    pub(crate) fn new(targets: &[Target], is_quiet: bool) -> Self {
        let is_terminal = io::stderr().is_terminal() && !is_quiet;
        let octets = targets
            .iter()
            .filter(|_| is_terminal)
            .filter_map(|target| target.input.metadata().ok())
            .map(|metadata| metadata.len())
            .sum();
        let bar = if is_terminal {
            bar(octets, targets.len())
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            is_terminal,
            is_quiet,
            files: targets.len(),
            octets,
            hashed: 0,
            done: 0,
        }
    }

    pub(crate) fn hashed(&mut self, octets: u64) {
        self.hashed = self.hashed.saturating_add(octets);
        self.bar.inc(octets);
        self.describe();
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

    /// The connection is made anew after `pause`.
    pub(crate) fn reconnecting(&self, pause: Duration) {
        self.note(format!(
            "note: the connection broke or could not be made; the next try is in {pause:?}"
        ));
    }

    /// The enclave works on so many requests of ours before the next answer.
    pub(crate) fn queued(&self, ahead: u64) {
        self.note(format!(
            "note: the enclave is busy; {ahead} of our files are before the next"
        ));
    }

    /// The enclave refused `input` for the moment.
    pub(crate) fn postponed(&self, input: &Path, code: &str, pause: Duration) {
        let input = input.display();
        self.note(format!(
            "note: {input}: refused for the moment ({code}); asked for again in {pause:?}"
        ));
    }

    /// Witnesses have not seen a signature yet.
    pub(crate) fn unwitnessed(&self, input: &Path, pause: Duration) {
        let input = input.display();
        self.note(format!(
            "note: {input}: not seen by enough witnesses yet; asked for again in {pause:?}"
        ));
    }

    fn note(&self, line: String) {
        if !self.is_quiet {
            self.bar.suspend(|| screen::note(line));
        }
    }

    /// So many files are done; `tell` says what became of the last. `is_local` if that was
    /// trouble here: then `ssh` may still be asking.
    pub(crate) fn done(&mut self, done: usize, is_local: bool, tell: impl FnOnce()) {
        self.done = done;
        self.bar.inc(SIGNATURE);
        if !is_local {
            self.resume();
        }
        self.bar.suspend(tell);
        self.describe();
    }

    /// How far it is, and how fast.
    fn describe(&self) {
        if !self.is_terminal {
            return;
        }
        let elapsed = self.bar.elapsed();
        let done = u64::try_from(self.done).unwrap_or(u64::MAX);
        self.bar.set_message(format!(
            "{done} of {} files ({}/s), {} of {} hashed ({}/s)",
            self.files,
            per_second(done, elapsed),
            HumanBytes(self.hashed),
            HumanBytes(self.octets),
            HumanBytes(per_second(self.hashed, elapsed)),
        ));
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn per_second(number: u64, elapsed: Duration) -> u64 {
    let rate = u128::from(number) * 1000 / elapsed.as_millis().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

fn bar(octets: u64, files: usize) -> ProgressBar {
    let files = u64::try_from(files).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{bar:20} {msg}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(octets.saturating_add(files.saturating_mul(SIGNATURE))).with_style(style)
}
