//! What is asked of the program, and what it says.

mod failure;
mod key;
mod serve;
mod web;

use clap::{Parser, Subcommand};

pub(crate) use failure::{Failure, complain, say};
pub(crate) use key::{KeyCommand, key};
pub(crate) use serve::{ServeArguments, serve};
pub(crate) use web::{WebArguments, web};

/// The public transparency log of a signing enclave.
///
/// Every signature is in the log before it leaves the enclave. The folder of the log is a C2SP
/// tlog-tiles tree that any web server can publish as it stands.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit status: 0 done; 1 the log cannot be written or read; 2 wrong usage."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the log: take entries from signing processes on a socket.
    Serve(ServeArguments),
    /// Make and show the key that signs checkpoints.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Write the page that a web server publishes beside the log.
    Web(WebArguments),
}
