//! Lines for a person.

use std::{
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
};

use signstar::request::AllegedName;
use signstar_request_signature::Error;

/// Writes one line for another program to standard output.
pub(crate) fn data(line: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|source| Error::Write {
            path: "standard output".into(),
            source,
        })
}

/// Prints one line to standard output.
pub(crate) fn say(line: impl Display) {
    // Whoever closed the output does not want to read.
    let _ = writeln!(io::stdout(), "{}", plain(&line.to_string()));
}

/// Prints one line of JSON to standard output. What could harm a terminal is escaped.
pub(crate) fn say_json(value: &serde_json::Value) {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if AllegedName::is_deceptive(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints lines to standard error.
pub(crate) fn note(line: impl Display) {
    for line in line.to_string().lines() {
        let _ = writeln!(io::stderr(), "{}", plain(line));
    }
}

/// Prints what went wrong and what to try.
pub(crate) fn complain(error: &Error) {
    let text = match error {
        // The excerpt of a file of this user, on several lines.
        Error::Settings { .. } => error.to_string(),
        _ => plain(&error.to_string()),
    };
    let _ = writeln!(
        io::stderr(),
        "error: {text}\nhint: {}",
        plain(&error.hint())
    );
}

/// Prints which of several files failed.
pub(crate) fn summary(failed: &[&PathBuf], of: usize, verdict: &str) {
    if failed.is_empty() || of == 1 {
        return;
    }
    note(format!("error: {} of {of} files {verdict}:", failed.len()));
    for file in failed {
        note(format!("  {}", file.display()));
    }
}

/// `text` without anything that moves a cursor, colours a screen or reorders letters: some of it
/// comes from the other side, and files may be called anything.
fn plain(text: &str) -> String {
    text.replace(AllegedName::is_deceptive, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(
            plain("ok\r\nsigned\u{1b}[2K\u{202e}größe"),
            "ok\u{fffd}\u{fffd}signed\u{fffd}[2K\u{fffd}größe"
        );
    }
}
