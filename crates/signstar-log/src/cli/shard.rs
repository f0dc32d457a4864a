//! `signstar-log shard`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use signstar::log::KeyName;
use signstar_log::{
    Folder,
    shard::{self, Place},
};

use super::{Failure, say, state_of, status, warn};

/// Closes a log for good and begins the next one, say once a year. Stop `serve` before. Prints the
/// verifier key of the new log. If it fails in between, the same again goes on.
///
/// The new log does not know the ids of requests that are in the old one: a client that asks again
/// after the change gets another signature, and both are on record.
#[derive(Args, Debug)]
#[command(after_help = status::SHARD)]
pub(crate) struct ShardArguments {
    /// The folder of the log to close.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The folder with what is not public of it [default: DIR.state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// The file with its key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The folder of the new log.
    #[arg(long, value_name = "DIR")]
    new_dir: PathBuf,

    /// The folder with what is not public of it [default: `NEW_DIR.state`].
    #[arg(long, value_name = "DIR")]
    new_state: Option<PathBuf>,

    /// The file to write the key of the new log to.
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,

    /// The name of the new log, like signstar.example.org/log2027.
    #[arg(long, value_name = "NAME", value_parser = KeyName::new)]
    origin: KeyName,
}

pub(crate) fn shard(arguments: &ShardArguments) -> Result<ExitCode, Failure> {
    let old_state = state_of(arguments.state.as_deref(), &arguments.dir);
    let new_state = state_of(arguments.new_state.as_deref(), &arguments.new_dir);
    let place = |dir: &Path| Folder::new(dir);
    let old = Place {
        folder: place(&arguments.dir),
        state: &old_state,
        key: &arguments.key,
    };
    let new = Place {
        folder: place(&arguments.new_dir),
        state: &new_state,
        key: &arguments.new_key,
    };
    let (verifier, _) = shard::shard(&old, &new, &arguments.origin)?;
    say(&verifier.to_string())?;
    warn(
        "the ids of requests are not carried over: what is asked for again after the change is \
         signed anew, and is then in both logs",
    );
    Ok(ExitCode::SUCCESS)
}
