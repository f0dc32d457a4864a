//! What went wrong, for the person at the terminal.

use std::io::{self, Write};

use signstar_log::{BadKey, serve};

/// A message, what to try, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) status: u8,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            status: 1,
        }
    }
}

impl From<serve::Error> for Failure {
    fn from(error: serve::Error) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<BadKey> for Failure {
    fn from(error: BadKey) -> Self {
        let hint = match &error {
            BadKey::Mode(path, _) => format!("chmod 600 {}", path.display()),
            BadKey::Exists(_) => {
                "a log keeps its key; `signstar-log key show` shows this one".to_owned()
            }
            BadKey::Name(_) => "give an origin like signstar.example.org/log".to_owned(),
            _ => "`signstar-log key generate FILE --origin NAME` makes one".to_owned(),
        };
        Self::new(error.to_string(), hint)
    }
}

/// Tells it.
pub(crate) fn complain(failure: &Failure) {
    let Failure { message, hint, .. } = failure;
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "error: {message}\nhint: {hint}");
}

/// Prints one line, at once.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| {
            let message = format!("cannot write to standard output: {error}");
            Failure::new(message, "see who reads it")
        })
}
