//! The program `signstar-gpg`.

use std::{env, ffi::OsString, process::ExitCode};

use signstar_gpg::{Surroundings, complain, connect, manual};

fn main() -> ExitCode {
    let line: Vec<OsString> = env::args_os().skip(1).collect();
    let around = Surroundings::of_process();
    let outcome = connect(&line)
        .or_else(|| manual::run(&line, &around))
        .unwrap_or_else(|| signstar_gpg::run(&line, &around));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error, "there is no signature");
            ExitCode::from(error.exit_status())
        }
    }
}
