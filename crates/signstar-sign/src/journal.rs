//! One line about every request, for the people who run the host.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    time::Duration,
};

use serde::Serialize;
use signstar::{
    config::{self, ClientName, KeyName},
    refusal::Refused,
    request::AllegedName,
    response::Response,
};
use systemd_journal_logger::JournalLog;

use crate::Error;

/// Where lines go.
#[derive(Debug)]
pub struct Journal(Sink);

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
    output: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha512: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alleged_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
}

impl Journal {
    /// Opens what the configuration names.
    ///
    /// Without a journal of the system the lines go to the standard error output, and without
    /// their causes.
    pub fn open(journal: &config::Journal) -> Result<Self, Error> {
        Ok(Self(match journal {
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
        }))
    }

    /// A signature was made for `client`.
    pub(crate) fn signed(&mut self, client: &ClientName, response: &Response, took: Duration) {
        let grant = response.logged().signed().grant();
        let request = grant.request();
        self.line(Line {
            client: client.as_str(),
            outcome: "signed",
            key: Some(grant.key().as_str()),
            output: Some(request.output().as_str()),
            sha512: (request.input().digest()).map(|digest| hex::encode(digest.as_octets())),
            length: request.file_length(),
            alleged_name: request.alleged_name().map(AllegedName::as_str),
            milliseconds: u64::try_from(took.as_millis()).ok(),
            ..Line::default()
        });
    }

    /// `client` was refused.
    pub(crate) fn refused(&mut self, client: &ClientName, refused: &Refused, took: Duration) {
        self.line(Line {
            client: client.as_str(),
            outcome: refused.code().as_str(),
            cause: refused.cause(),
            milliseconds: u64::try_from(took.as_millis()).ok(),
            ..Line::default()
        });
    }

    /// The key of `client` cannot be used.
    pub(crate) fn cannot_open(
        &mut self,
        client: &ClientName,
        key: &KeyName,
        cause: &dyn std::error::Error,
    ) {
        let mut text = cause.to_string();
        let mut next = cause.source();
        while let Some(cause) = next {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {cause}");
            next = cause.source();
        }
        self.line(Line {
            client: client.as_str(),
            outcome: "cannot-open-key",
            cause: Some(text),
            key: Some(key.as_str()),
            ..Line::default()
        });
    }

    /// Writes one line, at once and in one piece. Losing one does not end the session: the
    /// public record is the log, not the journal.
    fn line(&mut self, mut line: Line<'_>) {
        line.time = jiff::Timestamp::now().to_string();
        if matches!(self.0, Sink::Discreet) {
            line.cause = None;
        }
        let Ok(mut text) = serde_json::to_string(&line) else {
            return;
        };
        let _ = match &mut self.0 {
            Sink::System(journal) => journal.journal_send(
                &log::Record::builder()
                    .level(level(line.outcome))
                    .args(format_args!("{text}"))
                    .build(),
            ),
            Sink::Stderr | Sink::Discreet => {
                text.push('\n');
                io::stderr().write_all(text.as_bytes())
            }
            Sink::File(file) => {
                text.push('\n');
                file.write_all(text.as_bytes())
            }
        };
    }
}

fn level(outcome: &str) -> log::Level {
    match outcome {
        "signed" => log::Level::Info,
        "signature-invalid" | "hsm-unavailable" | "misconfigured" | "cannot-open-key" => {
            log::Level::Error
        }
        _ => log::Level::Warn,
    }
}
