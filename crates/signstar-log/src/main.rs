//! The program `signstar-log`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => cli::serve(arguments),
        Command::Key(command) => cli::key(&command),
        Command::Web(arguments) => cli::web(&arguments),
    };
    outcome.unwrap_or_else(|failure| {
        cli::complain(&failure);
        ExitCode::from(failure.status)
    })
}
