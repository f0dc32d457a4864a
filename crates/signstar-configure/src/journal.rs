//! One line about every download, for the people who run the host.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
};

use serde::Serialize;
use signstar::config::{self, UserName};
use systemd_journal_logger::JournalLog;

use crate::Error;

/// Where lines go.
pub(crate) struct Journal(Sink);

enum Sink {
    System(JournalLog),
    Stderr,
    /// The journal of the system is not there, and over SSH the standard error output is
    /// somebody else's screen: nothing is written.
    Nowhere,
    File(File),
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Sink::System(_) => "Journal(System)",
            Sink::Stderr => "Journal(Stderr)",
            Sink::Nowhere => "Journal(Nowhere)",
            Sink::File(_) => "Journal(File)",
        })
    }
}

/// One line. Nothing in it is secret.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    user: &'a str,
    download: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<u64>,
}

/// One change of an HSM. Nothing in it is secret.
#[derive(Serialize)]
struct Change<'a> {
    time: String,
    hsm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    change: &'a str,
    outcome: &'a str,
}

impl Journal {
    /// Opens what the configuration names.
    pub(crate) fn open(journal: &config::Journal) -> Result<Self, Error> {
        Ok(Self(match journal {
            config::Journal::System => JournalLog::new().map_or(Sink::Nowhere, Sink::System),
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

    /// What became of the wish of `user` for `download`: so many octets, or an error.
    pub(crate) fn write(&mut self, user: &UserName, download: &str, done: &Result<u64, Error>) {
        self.line(&Line {
            time: jiff::Timestamp::now().to_string(),
            user: user.as_str(),
            download,
            outcome: done.as_ref().err().map_or("downloaded", Error::outcome),
            cause: done.as_ref().err().map(Error::whole),
            octets: done.as_ref().ok().copied(),
        });
    }

    /// What was changed of an HSM.
    pub(crate) fn changed(&mut self, hsm: &str, device: Option<&str>, change: &str) {
        let line = Change {
            time: jiff::Timestamp::now().to_string(),
            hsm,
            device,
            change,
            outcome: "changed",
        };
        self.write_line(&line, log::Level::Info);
    }

    fn line(&mut self, line: &Line<'_>) {
        let level = match line.outcome {
            "downloaded" => log::Level::Info,
            "not-permitted" | "wrong-usage" => log::Level::Warn,
            _ => log::Level::Error,
        };
        self.write_line(line, level);
    }

    /// Writes one line in one piece. Losing one keeps nothing from being handed out.
    fn write_line(&mut self, line: &impl Serialize, level: log::Level) {
        let Ok(mut text) = serde_json::to_string(line) else {
            return;
        };
        let _ = match &mut self.0 {
            Sink::System(journal) => journal.journal_send(
                &log::Record::builder()
                    .level(level)
                    .args(format_args!("{text}"))
                    .build(),
            ),
            Sink::Stderr => {
                text.push('\n');
                io::stderr().write_all(text.as_bytes())
            }
            Sink::Nowhere => Ok(()),
            Sink::File(file) => {
                text.push('\n');
                file.write_all(text.as_bytes())
            }
        };
    }
}
