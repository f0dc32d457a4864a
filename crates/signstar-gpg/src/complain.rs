//! What a person reads when something goes wrong.

use std::io::{self, Write};

use signstar::request::AllegedName;

use crate::Error;

/// Prints what went wrong, what follows from it, and what to try.
pub fn complain(error: &Error, consequence: &str) {
    let text = format!(
        "error: {}\nerror: {}\nhint: {}\n",
        plain(&error.to_string()),
        plain(consequence),
        plain(&error.hint())
    );
    // Whoever closed it does not want to read.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints what is good to know.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {}", plain(text));
}

/// `text` without what moves a cursor or reorders letters: some of it comes from the other side.
fn plain(text: &str) -> String {
    text.trim_end().replace(
        |char| char != '\n' && AllegedName::is_deceptive(char),
        "\u{fffd}",
    )
}
