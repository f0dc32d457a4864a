//! The program `signstar-repo-add`.

use std::{env, ffi::OsString, process::ExitCode};

use clap::Parser;
use signstar_gpg::{Surroundings, complain, connect, repository::RepoAdd};

fn main() -> ExitCode {
    let line: Vec<OsString> = env::args_os().skip(1).collect();
    if let Some(outcome) = connect(&line) {
        return match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&error, "there is no connection");
                ExitCode::from(error.exit_status())
            }
        };
    }
    let arguments = RepoAdd::parse();
    match arguments.run(&Surroundings::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(
                &error,
                &format!(
                    "{} is not signed and stays as it was",
                    arguments.database.display()
                ),
            );
            ExitCode::from(error.exit_status())
        }
    }
}
