//! The forced command of a signing host: requests in, responses out.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bug;
mod error;
mod host;
mod journal;
mod metrics;
mod rates;
mod seats;
mod self_test;
mod session;
mod stop;
mod stopwatch;
mod timed;
mod turns;
mod window;

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
    sync::Arc,
};

use signstar::config::ClientName;
use signstar_hsm::Hurry;

pub use error::Error;
pub use self_test::self_test;
pub use session::Status;

use crate::{journal::Journal, session::Session, stop::Stop};

/// Serves one session on standard input and output, and returns the exit status.
///
/// `config` is the configuration to use in place of the usual one; `client` is what the command
/// line says about the client, which counts only where the configuration lets it.
///
/// SIGTERM, SIGINT and SIGHUP end the session after what is being answered.
pub fn serve(config: Option<&Path>, client: Option<ClientName>) -> Result<Status, Error> {
    let config = host::configuration(config)?;
    let client = host::identity(&config, client)?;
    let journal = Arc::new(Journal::open(&config.journal)?);
    let figures = host::figures(&config, &client);
    let hurry = Arc::new(Hurry::default());
    let stop = Stop::new(hurry.clone()).map_err(Error::Setup)?;
    stop.on_signals().map_err(Error::Setup)?;
    bug::keep_to_ourselves();

    let seat = host::seat(&config, &client);
    let enclave = match &seat {
        Ok(_) => host::enclave(&config, &client, &journal, figures.as_ref(), &hurry),
        // Who has enough sessions does not make the host decrypt a passphrase for one more.
        Err(_) => host::without_keys(&config),
    };
    let session = Session {
        enclave: &enclave,
        seated: seat.as_ref().map(|_| ()).map_err(Clone::clone),
        client: &client,
        key: config.clients.get(&client).map(|rules| &rules.key),
        limits: config.limits,
        journal: &journal,
        figures: figures.as_deref(),
        stop: &stop,
    };
    let input = unbuffered(io::stdin().as_fd()).map_err(Error::Setup)?;
    let output = unbuffered(io::stdout().as_fd()).map_err(Error::Setup)?;
    bug::caught(|| session.run(input, output)).map_err(|bug| {
        journal.bug(&client, &bug);
        Error::Bug(bug)
    })
}

/// What waits for a descriptor must not have anything in a buffer.
fn unbuffered(standard: BorrowedFd<'_>) -> io::Result<File> {
    standard.try_clone_to_owned().map(File::from)
}
