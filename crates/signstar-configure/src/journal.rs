//! One line about every download and every change, for the people who run the host.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
};

use serde::Serialize;
use signstar::config::{self, UserName};
use systemd_journal_logger::JournalLog;

use crate::{Error, host::Target, shares::Refused};

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

/// One change of a host. Nothing in it is secret.
#[derive(Serialize)]
struct ChangeLine<'a> {
    time: String,
    change: &'a str,
    targets: &'a [String],
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// One change of an HSM. Nothing in it is secret.
#[derive(Serialize)]
struct HsmLine<'a> {
    time: String,
    hsm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    change: &'a str,
    outcome: &'a str,
}

/// What a holder of a share asked for. Nothing in it is secret.
#[derive(Serialize)]
struct ExchangeLine<'a> {
    time: String,
    user: &'a str,
    share: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// One step of a ceremony. Nothing in it is secret.
#[derive(Serialize)]
struct CeremonyLine<'a> {
    time: String,
    ceremony: &'a str,
    outcome: &'a str,
}

/// A line that says how something ended.
trait Outcome: Serialize {
    fn outcome(&self) -> &str;
}

impl Outcome for Line<'_> {
    fn outcome(&self) -> &str {
        self.outcome
    }
}

impl Outcome for HsmLine<'_> {
    fn outcome(&self) -> &str {
        self.outcome
    }
}

impl Outcome for ExchangeLine<'_> {
    fn outcome(&self) -> &str {
        self.outcome
    }
}

impl Outcome for CeremonyLine<'_> {
    fn outcome(&self) -> &str {
        self.outcome
    }
}

impl Outcome for ChangeLine<'_> {
    fn outcome(&self) -> &str {
        self.outcome
    }
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

    /// The journal for changes of a host; those of a tree are written to the journal of the host
    /// that this runs on, if it has one.
    pub(crate) fn open_for(journal: &config::Journal, target: &Target) -> Result<Self, Error> {
        match target {
            Target::Running => Self::open(journal),
            Target::Tree(_) => Self::open(&config::Journal::System),
        }
    }

    /// What became of a change of a host.
    pub(crate) fn change(&mut self, change: &str, targets: &[String], done: &Result<(), Error>) {
        self.line(&ChangeLine {
            time: jiff::Timestamp::now().to_string(),
            change,
            targets,
            outcome: done.as_ref().err().map_or("done", Error::outcome),
            cause: done.as_ref().err().map(Error::whole),
        });
    }

    /// What was changed of an HSM.
    pub(crate) fn changed(&mut self, hsm: &str, device: Option<&str>, change: &str) {
        self.line(&HsmLine {
            time: jiff::Timestamp::now().to_string(),
            hsm,
            device,
            change,
            outcome: "done",
        });
    }

    /// What became of the wish of the holder `user`.
    pub(crate) fn exchanged(&mut self, user: &UserName, share: &str, done: &Result<(), Refused>) {
        self.line(&ExchangeLine {
            time: jiff::Timestamp::now().to_string(),
            user: user.as_str(),
            share,
            outcome: done.as_ref().err().map_or("done", Refused::outcome),
            cause: done.as_ref().err().map(Refused::whole),
        });
    }

    /// A step of a ceremony.
    pub(crate) fn ceremony(&mut self, what: &str) {
        self.line(&CeremonyLine {
            time: jiff::Timestamp::now().to_string(),
            ceremony: what,
            outcome: "done",
        });
    }

    /// Writes one line in one piece. Losing one keeps nothing from being handed out.
    fn line(&mut self, line: &impl Outcome) {
        let Ok(mut text) = serde_json::to_string(line) else {
            return;
        };
        let level = match line.outcome() {
            "downloaded" | "done" => log::Level::Info,
            "not-permitted" | "wrong-usage" | "refused" => log::Level::Warn,
            _ => log::Level::Error,
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
