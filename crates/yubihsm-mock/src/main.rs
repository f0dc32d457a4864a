//! The program `yubihsm-mock`: a YubiHSM2 in software, for tests and for trying.

use std::{
    error::Error as _,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use yubihsm_mock::{Device, Error, Objects, Server};

/// A YubiHSM2 in software behind the HTTP of a connector. For tests: its keys are in a plain file.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The file with its objects, as JSON.
    #[arg(long, value_name = "FILE")]
    objects: PathBuf,

    /// Where it listens, ADDRESS:PORT. With port 0 it takes one that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments.objects, &arguments.listen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}"));
            // There is nobody left to tell if this fails.
            let _ = writeln!(
                io::stderr(),
                "error: {error}{}\nhint: `signstar-enclave up --hsm yubihsm-mock` makes what it needs",
                cause.unwrap_or_default()
            );
            ExitCode::FAILURE
        }
    }
}

fn serve(objects: &Path, listen: &str) -> Result<(), Error> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::Listen)?;
    let device = Device::new(Objects::read(objects)?)?;
    let server = Server::start(Arc::new(device), listen)?;
    let mut stdout = io::stdout();
    writeln!(
        stdout,
        "yubihsm-mock listening on http://{}",
        server.address()
    )
    .and_then(|()| stdout.flush())
    .map_err(Error::Listen)?;
    signals.forever().next();
    server.stop();
    Ok(())
}
