//! The program `signstar-log`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => cli::serve(arguments),
        Command::Witness(arguments) => cli::witness(&arguments),
        Command::Key(command) => cli::key(&command),
        Command::Web(arguments) => cli::web(&arguments),
        Command::Verify(arguments) => cli::verify(&arguments),
        Command::Show(arguments) => cli::show(arguments),
        Command::Prove(arguments) => cli::prove(&arguments),
        Command::Monitor(arguments) => cli::monitor(&arguments),
        Command::Shard(arguments) => cli::shard(&arguments),
        Command::Completions(arguments) => cli::completions(&arguments),
        Command::Man(arguments) => cli::man(&arguments),
    };
    outcome.unwrap_or_else(|failure| {
        cli::complain(&failure);
        ExitCode::from(failure.status)
    })
}
