//! Asking before something is destroyed.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;
use crate::session::Session;

impl Session {
    /// Goes on if a person agrees, or has agreed with `--yes`. Where nobody can be asked, it
    /// does not.
    pub(crate) fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.globals.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::usage(
                format!("not done without confirmation: {what}"),
                "give --yes",
            ));
        }
        let said = ask(&format!("{what}? [y/N] "))
            .map_err(|cause| Failure::file("ask at", "the terminal".as_ref(), &cause))?;
        if matches!(said.trim(), "y" | "Y" | "yes") {
            Ok(())
        } else {
            Err(Failure::usage("not done", "answer y to go on"))
        }
    }
}

fn ask(question: &str) -> io::Result<String> {
    let mut stderr = io::stderr();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    let mut said = String::new();
    io::stdin().lock().read_line(&mut said)?;
    Ok(said)
}
