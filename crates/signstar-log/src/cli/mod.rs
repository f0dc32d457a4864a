//! What is asked of the program, and what it says.

mod failure;
#[cfg(feature = "hsm")]
#[path = "hsm/on.rs"]
mod hsm;
#[cfg(not(feature = "hsm"))]
#[path = "hsm/off.rs"]
mod hsm;
mod key;
mod monitor;
mod output;
mod prove;
mod serve;
mod shard;
mod shell;
mod show;
mod status;
mod trust;
mod verify;
mod web;
mod witness;

use clap::{Parser, Subcommand};

pub(crate) use failure::{Failure, WRONG, complain, say, warn};
pub(crate) use key::{KeyCommand, key};
pub(crate) use monitor::{MonitorArguments, monitor};
pub(crate) use prove::{ProveArguments, prove};
pub(crate) use serve::{ServeArguments, serve, state_of};
pub(crate) use shard::{ShardArguments, shard};
pub(crate) use shell::{CompletionsArguments, ManArguments, completions, man};
pub(crate) use show::{ShowArguments, show};
pub(crate) use verify::{VerifyArguments, verify};
pub(crate) use web::{WebArguments, web};
pub(crate) use witness::{WitnessArguments, witness};

/// The public transparency log of a signing enclave.
///
/// Every signature is in the log before it leaves the enclave. The folder of the log is a C2SP
/// tlog-tiles tree that any web server can publish as it stands.
#[derive(Debug, Parser)]
#[command(version, after_help = status::ALL)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the log: take entries from signing processes on a socket.
    Serve(ServeArguments),
    /// Cosign the checkpoints of other logs as long as they only grow.
    Witness(WitnessArguments),
    /// Make and show the keys of logs and witnesses.
    #[command(subcommand, after_help = status::KEY)]
    Key(KeyCommand),
    /// Write the page that a web server publishes beside the log.
    Web(WebArguments),
    /// Recompute the whole log and check everything that is published.
    Verify(VerifyArguments),
    /// List entries.
    Show(ShowArguments),
    /// Write a proof that an entry is in the log.
    Prove(ProveArguments),
    /// Check that the log only grew since the last time, and tell what is new.
    Monitor(MonitorArguments),
    /// Close a log for good and begin the next one.
    Shard(ShardArguments),
    /// Print completions for a shell.
    Completions(CompletionsArguments),
    /// Write the manual pages into a folder.
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn pages_and_completions_know_every_command_and_option() {
        command_pages::check(&Arguments::command());
    }
}
