//! One line about every request, for the people who run the host.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    time::Duration,
};

use log::{Level, LevelFilter};
use serde::Serialize;
use signstar::{
    config::{self, ClientName, KeyName},
    log::Recorded,
    refusal::{Code, Refused},
    request::{AllegedName, Request, RequestId},
    response::Response,
};
use signstar_hsm::{Event, Witness};
use systemd_journal_logger::JournalLog;

use crate::{Error, metrics::Figures, timed::complain};

/// How long a line for the standard error output waits for somebody to read it.
const PATIENCE: Duration = Duration::from_secs(1);
/// The variable with the level of the journal.
const VARIABLE: &str = "SIGNSTAR_LOG";

/// Where lines go. Many threads write at once; each line stays whole.
#[derive(Debug)]
pub(crate) struct Journal {
    sink: Sink,
    level: LevelFilter,
}

enum Sink {
    System(JournalLog),
    Stderr,
    /// The journal of the system is not there, and over SSH the standard error output is the
    /// client's: what only the host may know is left out.
    Discreet,
    File(File),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Stderr => "Stderr",
            Self::Discreet => "Discreet",
            Self::File(_) => "File",
        })
    }
}

/// How long the stages of one request took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Durations {
    /// From its arrival until somebody worked on it.
    pub(crate) waiting: Duration,
    /// In the HSM, with all attempts; none if the HSM was not asked.
    pub(crate) hsm: Option<Duration>,
    /// From its arrival to its answer.
    pub(crate) all: Duration,
}

/// The same as it is written, in microseconds.
#[derive(Debug, Serialize)]
struct Stages {
    waiting: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hsm: Option<u64>,
    /// Everything else: to decide, prepare, assemble and verify.
    host: u64,
}

impl From<Durations> for Stages {
    fn from(took: Durations) -> Self {
        let microseconds = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let elsewhere = took.waiting + took.hsm.unwrap_or_default();
        Self {
            waiting: microseconds(took.waiting),
            hsm: took.hsm.map(microseconds),
            host: microseconds(took.all.saturating_sub(elsewhere)),
        }
    }
}

/// One line. Nothing in it is secret; what clients allege is bounded and free of control
/// characters.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
    time: String,
    client: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha512: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alleged_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    microseconds: Option<Stages>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
}

impl<'a> Line<'a> {
    /// What a request says about itself.
    fn of(request: &'a Request) -> Self {
        let digest = request.input().digest();
        let hex = |name| {
            let digest = digest.as_ref().filter(|digest| digest.hash_name() == name);
            digest.map(|digest| hex::encode(digest.as_octets()))
        };
        Self {
            output: Some(request.output().as_str()),
            sha512: hex("sha512"),
            sha256: hex("sha256"),
            length: request.file_length(),
            alleged_name: request.alleged_name().map(AllegedName::as_str),
            id: request.id().map(RequestId::as_str),
            ..Self::default()
        }
    }

    fn taking(self, took: Durations) -> Self {
        Self {
            milliseconds: u64::try_from(took.all.as_millis()).ok(),
            microseconds: Some(took.into()),
            ..self
        }
    }
}

impl Journal {
    /// Opens what the configuration names, for lines of the level that `SIGNSTAR_LOG` says:
    /// `error`, `warn`, `info` (the usual one) or `debug`.
    ///
    /// Without a journal of the system the lines go to the standard error output, and without
    /// their causes.
    pub(crate) fn open(journal: &config::Journal) -> Result<Self, Error> {
        let level = match std::env::var_os(VARIABLE) {
            None => LevelFilter::Info,
            Some(level) => match level.to_str() {
                Some("error") => LevelFilter::Error,
                Some("warn") => LevelFilter::Warn,
                Some("info") => LevelFilter::Info,
                Some("debug") => LevelFilter::Debug,
                _ => return Err(Error::Level(level)),
            },
        };
        let sink = match journal {
            config::Journal::System => JournalLog::new().map_or(Sink::Discreet, Sink::System),
            config::Journal::Stderr => Sink::Stderr,
            config::Journal::File(path) => Sink::File(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(path)
                    .map_err(|source| Error::Journal {
                        path: path.clone(),
                        source,
                    })?,
            ),
        };
        Ok(Self { sink, level })
    }

    /// A signature was made for `client`.
    pub(crate) fn signed(&self, client: &ClientName, response: &Response, took: Durations) {
        let logged = response.logged();
        let grant = logged.signed().grant();
        let place = |recorded: &Recorded| format!("{}#{}", recorded.origin(), recorded.index());
        self.line(
            Level::Info,
            Line {
                client: client.as_str(),
                outcome: "signed",
                key: Some(grant.key().as_str()),
                log: logged.recorded().map(place),
                ..Line::of(grant.request()).taking(took)
            },
        );
    }

    /// `client` was refused, with `request` as far as it was understood.
    pub(crate) fn refused(
        &self,
        client: &ClientName,
        key: Option<&KeyName>,
        request: Option<&Request>,
        refused: &Refused,
        took: Durations,
    ) {
        let level = match refused.code() {
            Code::SignatureInvalid
            | Code::HsmUnavailable
            | Code::LogUnavailable
            | Code::Misconfigured => Level::Error,
            _ => Level::Warn,
        };
        self.line(
            level,
            Line {
                client: client.as_str(),
                outcome: refused.code().as_str(),
                cause: refused.cause(),
                key: key.map(KeyName::as_str),
                ..request.map(Line::of).unwrap_or_default().taking(took)
            },
        );
    }

    /// The key of `client` cannot be used.
    pub(crate) fn cannot_open(
        &self,
        client: &ClientName,
        key: &KeyName,
        cause: &dyn std::error::Error,
    ) {
        self.line(
            Level::Error,
            Line {
                client: client.as_str(),
                outcome: "cannot-open-key",
                cause: Some(chain(cause)),
                key: Some(key.as_str()),
                ..Line::default()
            },
        );
    }

    /// The client left, or did not read, before `requests` were answered.
    pub(crate) fn unread(&self, client: &ClientName, requests: usize) {
        self.line(
            Level::Warn,
            Line {
                client: client.as_str(),
                outcome: "answers-not-read",
                requests: u64::try_from(requests).ok(),
                ..Line::default()
            },
        );
    }

    /// A session of `client` ended after `requests`.
    pub(crate) fn ended(&self, client: &ClientName, requests: u64) {
        self.line(
            Level::Debug,
            Line {
                client: client.as_str(),
                outcome: "session-ended",
                requests: Some(requests),
                ..Line::default()
            },
        );
    }

    /// A session of `client` ended by an error in this program.
    pub(crate) fn bug(&self, client: &ClientName, bug: &str) {
        self.line(
            Level::Error,
            Line {
                client: client.as_str(),
                outcome: "error-in-program",
                cause: Some(bug.to_owned()),
                ..Line::default()
            },
        );
    }

    /// Figures about `client` cannot be kept.
    pub(crate) fn no_metrics(&self, client: &str, cause: &dyn std::error::Error) {
        self.line(
            Level::Warn,
            Line {
                client,
                outcome: "cannot-write-metrics",
                cause: Some(chain(cause)),
                ..Line::default()
            },
        );
    }

    /// Writes one line, at once and in one piece. Losing one does not end the session: the
    /// public record is the log, not the journal.
    fn line(&self, level: Level, mut line: Line<'_>) {
        if level > self.level {
            return;
        }
        line.time = jiff::Timestamp::now().to_string();
        if matches!(self.sink, Sink::Discreet) {
            line.cause = None;
            line.device = None;
        }
        let Ok(mut text) = serde_json::to_string(&line) else {
            return;
        };
        match &self.sink {
            Sink::System(journal) => {
                let _ = journal.journal_send(
                    &log::Record::builder()
                        .level(level)
                        .args(format_args!("{text}"))
                        .build(),
                );
            }
            Sink::Stderr | Sink::Discreet => {
                text.push('\n');
                complain(&text, PATIENCE);
            }
            Sink::File(file) => {
                text.push('\n');
                // One call: the end of a file is shared by threads and sessions.
                let _ = (&mut &*file).write(text.as_bytes());
            }
        }
    }
}

/// The journal of one client, for what befalls the HSM of its key.
#[derive(Debug)]
pub(crate) struct HsmWitness {
    pub(crate) journal: Arc<Journal>,
    pub(crate) figures: Option<Arc<Figures>>,
    pub(crate) client: ClientName,
    pub(crate) key: KeyName,
}

impl Witness for HsmWitness {
    fn tell(&self, event: &Event<'_>) {
        let line = Line {
            client: self.client.as_str(),
            key: Some(self.key.as_str()),
            ..Line::default()
        };
        match event {
            Event::OutOfUse { device } => {
                if let Some(figures) = &self.figures {
                    figures.device_out_of_use();
                }
                let cause = "it made a signature that does not verify with the configured public \
                             key; it is not asked again in this session";
                let line = Line {
                    outcome: "device-out-of-use",
                    cause: Some(cause.to_owned()),
                    device: Some(device),
                    ..line
                };
                self.journal.line(Level::Error, line);
            }
            Event::Failed { error } => self.journal.line(
                Level::Debug,
                Line {
                    outcome: "attempt-failed",
                    cause: Some(chain(*error)),
                    ..line
                },
            ),
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
