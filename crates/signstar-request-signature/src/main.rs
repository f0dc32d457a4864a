//! The program `signstar-request-signature`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Prepare(arguments) => cli::prepare(&arguments),
        Command::Send(arguments) => cli::send(arguments),
        Command::Verify(arguments) => cli::verify(&arguments),
        Command::Connect(arguments) => cli::connect(&arguments),
    };
    ExitCode::from(outcome.unwrap_or_else(|error| {
        cli::complain(&error);
        error.exit_status()
    }))
}
