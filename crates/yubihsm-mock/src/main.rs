//! The program `yubihsm-mock`: a YubiHSM2 in software, for tests and for trying.

use std::{
    error::Error as _,
    io::{self, Write},
    path::PathBuf,
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
    /// The file with its objects, as JSON. Without it, a new device is made there.
    #[arg(long, value_name = "FILE")]
    objects: PathBuf,

    /// The serial number of a device that is made: up to ten digits.
    #[arg(long, value_name = "NUMBER", default_value = "12345678")]
    serial: u32,

    /// Where it listens, ADDRESS:PORT. With port 0 it takes one that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}"));
            // There is nobody left to tell if this fails.
            let _ = writeln!(
                io::stderr(),
                "error: {error}{}\nhint: a file that is not there is made, with a device that is new",
                cause.unwrap_or_default()
            );
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Error> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::Listen)?;
    let path = &arguments.objects;
    if !path.exists() {
        Objects::new(arguments.serial).write(path)?;
    }
    let device = Device::kept_in(path)?;
    let server = Server::start(Arc::new(device), &arguments.listen)?;
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
