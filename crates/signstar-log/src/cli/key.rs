//! `signstar-log key`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use signstar::log::KeyName;
use signstar_log::{CheckpointKey as _, FileKey};

use super::{Failure, say};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key in a new file that only its owner can read, and print its verifier key.
    Generate {
        /// The file to write.
        file: PathBuf,

        /// The name of the log for all times, an address without `https://` that its owner
        /// controls, like signstar.example.org/log.
        #[arg(long, value_name = "NAME", value_parser = KeyName::new)]
        origin: KeyName,
    },
    /// Print the verifier key of the key in a file: what the public verifies the log with.
    Show {
        /// The file to read.
        file: PathBuf,
    },
}

pub(crate) fn key(command: &KeyCommand) -> Result<ExitCode, Failure> {
    let key = match command {
        KeyCommand::Generate { file, origin } => FileKey::generate(file, origin)?,
        KeyCommand::Show { file } => FileKey::read(file)?,
    };
    say(&key.verifier().to_string())?;
    Ok(ExitCode::SUCCESS)
}
