//! A bar on a terminal while much is moved.

use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how much was moved; on anything but a terminal, nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins with `what`, of so many bytes if that is known.
    pub(crate) fn new(what: &'static str, length: Option<u64>) -> Self {
        let bar = if io::stderr().is_terminal() {
            let (bar, template) = match length {
                Some(length) => (
                    ProgressBar::new(length),
                    "{msg} {bar:30} {binary_bytes} of {binary_total_bytes} ({binary_bytes_per_sec})",
                ),
                None => (
                    ProgressBar::new_spinner(),
                    "{msg} {spinner} {binary_bytes} ({binary_bytes_per_sec})",
                ),
            };
            bar.enable_steady_tick(Duration::from_millis(100));
            let usual = |_| ProgressStyle::default_bar();
            bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(usual))
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar: bar.with_message(what),
        }
    }

    /// Counts what is read.
    pub(crate) fn reading<R: Read>(&self, from: R) -> impl Read + use<R> {
        self.bar.wrap_read(from)
    }

    /// Counts what is written.
    pub(crate) fn writing<W: Write>(&self, into: W) -> impl Write + use<W> {
        self.bar.wrap_write(into)
    }
}

/// What follows has the line for itself.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
