//! `signstar-log key`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use signstar::log::KeyName;
use signstar_log::{FileKey, Use};

use super::{Failure, say};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key in a new file that only its owner can read, and print its verifier key.
    Generate {
        /// The file to write.
        file: PathBuf,

        /// Make the key of a log of this name, for all times: an address without `https://` that
        /// its owner controls, like signstar.example.org/log.
        #[arg(long, value_name = "NAME", value_parser = KeyName::new,
              required_unless_present = "witness")]
        origin: Option<KeyName>,

        /// Make the key of a witness of this name, like witness.example.org.
        #[arg(long, value_name = "NAME", value_parser = KeyName::new, conflicts_with = "origin")]
        witness: Option<KeyName>,
    },
    /// Print the verifier key of the key in a file: what the public verifies the log with.
    Show {
        /// The file to read.
        file: PathBuf,
    },
}

pub(crate) fn key(command: &KeyCommand) -> Result<ExitCode, Failure> {
    let key = match command {
        KeyCommand::Generate {
            file,
            origin,
            witness,
        } => match (origin, witness) {
            (Some(origin), _) => FileKey::generate(file, origin)?,
            (None, Some(witness)) => FileKey::generate_for(file, witness, Use::Witness)?,
            (None, None) => return Err(Failure::new("there is no name", "give --origin NAME")),
        },
        KeyCommand::Show { file } => FileKey::read(file)?,
    };
    say(&key.verifier().to_string())?;
    Ok(ExitCode::SUCCESS)
}
