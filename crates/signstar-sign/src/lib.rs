//! The forced command of a signing host: requests in, responses out.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod error;
mod host;
mod journal;
mod session;
mod timed;

use std::{io, path::Path, time::Instant};

use signstar::config::ClientName;

pub use error::Error;
pub use session::{Session, Status};

use crate::{
    journal::Journal,
    timed::{Deadline, TimedReader, TimedWriter},
};

/// Serves one session on standard input and output, and returns the exit status.
///
/// `config` is the configuration to use in place of the usual one; `client` is what the command
/// line says about the client, which counts only where the configuration lets it.
pub fn serve(config: Option<&Path>, client: Option<ClientName>) -> Result<u8, Error> {
    let config = host::configuration(config)?;
    let client = host::identity(&config, client)?;
    let mut journal = Journal::open(&config.journal)?;
    let enclave = host::enclave(&config, &client, &mut journal);

    let deadline = Deadline::new(Instant::now(), &config.limits);
    let input = io::BufReader::new(TimedReader::new(io::stdin(), deadline));
    let output = TimedWriter::new(io::stdout(), deadline);
    let session = Session::new(&enclave, &client, config.limits.requests, &mut journal);
    Ok(session.run(input, output))
}
