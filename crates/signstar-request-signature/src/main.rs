//! The program `signstar-request-signature`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command, Send, Verify};

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let complain = match &command {
        Command::Send(Send { json: true, .. }) | Command::Verify(Verify { json: true, .. }) => {
            cli::complain_in_json
        }
        _ => cli::complain,
    };
    let outcome = match command {
        Command::Prepare(arguments) => cli::prepare(&arguments),
        Command::Send(arguments) => cli::send(arguments),
        Command::Verify(arguments) => cli::verify(&arguments),
        Command::Completions(arguments) => cli::completions(&arguments),
        Command::Man(arguments) => cli::man(&arguments),
        Command::Connect(arguments) => cli::connect(&arguments),
    };
    ExitCode::from(outcome.unwrap_or_else(|error| {
        complain(&error);
        error.exit_status()
    }))
}
