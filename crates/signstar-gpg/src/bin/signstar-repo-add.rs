//! The program `signstar-repo-add`.

use std::process::ExitCode;

use clap::Parser;
use signstar_gpg::{Surroundings, repository::RepoAdd};

fn main() -> ExitCode {
    let arguments = RepoAdd::parse();
    match arguments.run(&Surroundings::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            signstar_gpg::complain(
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
