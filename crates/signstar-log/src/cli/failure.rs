//! What went wrong, for the person at the terminal.

use std::io::{self, Write};

use signstar::log::CannotRead;
use signstar_log::{
    BadKey, StorageError,
    monitor::CannotWatch,
    serve,
    shard::CannotShard,
    source::{NoCheckpoint, SourceError},
    witness::NoWitness,
};

/// The exit status when something was read and is wrong.
pub(crate) const WRONG: u8 = 3;
/// What to try then.
const WRONG_HINT: &str =
    "the log is damaged or forged: keep what you have, and compare it with other copies";
const UNREAD_HINT: &str = "check the folder or the address, and the network";

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

    /// About a log that was read and is wrong, or could not be read.
    fn judged(message: String, is_wrong: bool) -> Self {
        if is_wrong {
            Self {
                status: WRONG,
                ..Self::new(message, WRONG_HINT)
            }
        } else {
            Self::new(message, UNREAD_HINT)
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
            BadKey::OtherUse(_) => {
                "a log needs one made with --origin, a witness one made with --witness".to_owned()
            }
            BadKey::Name(_) => "give an origin like signstar.example.org/log".to_owned(),
            _ => "`signstar-log key generate FILE --origin NAME` makes one".to_owned(),
        };
        Self::new(error.to_string(), hint)
    }
}

impl From<NoWitness> for Failure {
    fn from(error: NoWitness) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(error.to_string(), UNREAD_HINT)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::new(error.to_string(), "check the folder and its permissions")
    }
}

impl From<NoCheckpoint> for Failure {
    fn from(error: NoCheckpoint) -> Self {
        Self::judged(error.to_string(), error.is_wrong())
    }
}

impl From<CannotRead<SourceError>> for Failure {
    fn from(error: CannotRead<SourceError>) -> Self {
        CannotWatch::from(error).into()
    }
}

impl From<CannotWatch> for Failure {
    fn from(error: CannotWatch) -> Self {
        let message = match &error {
            CannotWatch::Tiles(CannotRead::Missing { source, .. }) => source.to_string(),
            _ => error.to_string(),
        };
        Self::judged(message, error.is_wrong())
    }
}

impl From<CannotShard> for Failure {
    fn from(error: CannotShard) -> Self {
        match error {
            CannotShard::Log(error) => error.into(),
            CannotShard::Key(error) => error.into(),
            CannotShard::OtherOrigin(_) | CannotShard::SameLog => Self::new(
                error.to_string(),
                "give --origin and --new-key of their own",
            ),
        }
    }
}

/// Tells something that does not end the program.
pub(crate) fn warn(words: &str) {
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "note: {words}");
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
