//! `signstar-log key`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use signstar::{config, log::KeyName};
use signstar_log::{FileKey, Use};

use super::{Failure, hsm, say, status};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key in a new file that only its owner can read, and print its verifier key.
    #[command(after_help = status::KEY)]
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
    /// Print the verifier key of the key in a file or in an HSM: what the public verifies with.
    #[command(after_help = status::KEY)]
    Show {
        /// The file to read.
        #[arg(required_unless_present = "config")]
        file: Option<PathBuf>,

        /// The configuration of the host (signstar.toml), for a key in an HSM.
        #[arg(long, value_name = "FILE", conflicts_with = "file",
              requires_all = ["name", "origin"])]
        config: Option<PathBuf>,

        /// The name of that key in the configuration, [key.NAME].
        #[arg(long, value_name = "NAME", requires = "config")]
        name: Option<config::KeyName>,

        /// The name of the log for all times, like signstar.example.org/log.
        #[arg(long, value_name = "NAME", value_parser = KeyName::new, requires = "config")]
        origin: Option<KeyName>,
    },
}

pub(crate) fn key(command: &KeyCommand) -> Result<ExitCode, Failure> {
    let key = match command {
        KeyCommand::Generate {
            file,
            origin,
            witness,
        } => match (origin, witness) {
            (Some(origin), _) => FileKey::generate(file, origin)?.verifier().clone(),
            (None, Some(witness)) => FileKey::generate_for(file, witness, Use::Witness)?
                .verifier()
                .clone(),
            (None, None) => return Err(Failure::new("there is no name", "give --origin NAME")),
        },
        KeyCommand::Show {
            file: Some(file), ..
        } => FileKey::read(file)?.verifier().clone(),
        KeyCommand::Show {
            config: Some(config),
            name: Some(name),
            origin: Some(origin),
            ..
        } => hsm::verifier(config, name, origin)?,
        KeyCommand::Show { .. } => {
            let hint = "give a file, or --config, --name and --origin";
            return Err(Failure::new("there is no key", hint));
        }
    };
    say(&key.to_string())?;
    Ok(ExitCode::SUCCESS)
}
