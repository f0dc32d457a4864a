//! Text for people, JSON for programs.

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use signstar_log::listing::{Row, Said, Signature};

use super::{Failure, say};

/// What is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Output {
    /// Lines for people.
    #[default]
    Text,
    /// JSON, one object on a line.
    Json,
}

/// Prints `document` on one line.
pub(crate) fn say_json(document: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(document)
        .map_err(|error| Failure::new(error.to_string(), "please report this"))?;
    say(&line)
}

/// One line of a table.
pub(crate) fn line(row: &Row) -> String {
    let Row { index, said } = row;
    match said {
        Said::Signature(signature) => {
            let Signature {
                time,
                client,
                key,
                file_name,
                ..
            } = &**signature;
            let digest = row.digest();
            let digest = digest.get(..16).unwrap_or(digest);
            // The names of clients and keys are plain; what a client says of its file is escaped.
            let name = file_name.as_deref().unwrap_or("-").escape_debug();
            let time = time_text(*time);
            format!("{index:>8}  {time}  {client:<16}  {key:<16}  {digest}  {name}")
        }
        Said::Later { version } => format!("{index:>8}  entry of version {version}"),
        Said::Unreadable { error } => format!("{index:>8}  not an entry: {error}"),
    }
}

/// What stands above the lines.
pub(crate) fn header() -> String {
    let (index, time, client, key) = ("INDEX", "TIME", "CLIENT", "KEY");
    format!("{index:>8}  {time:<20}  {client:<16}  {key:<16}  SHA-512           FILE")
}

fn time_text(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| {
        let time = Timestamp::from_second(seconds).ok()?;
        Some(time.to_string())
    });
    time.unwrap_or_else(|| seconds.to_string())
}

/// Reads a time: seconds since 1970-01-01 00:00 UTC, or RFC 3339, or a day (UTC).
pub(crate) fn time(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let whole = if text.contains(['T', 't']) {
        text.to_owned()
    } else {
        format!("{text}T00:00:00Z")
    };
    let time: Timestamp = whole
        .parse()
        .map_err(|_| "write 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970".to_owned())?;
    u64::try_from(time.as_second()).map_err(|_| "before 1970".to_owned())
}
