//! The command `softnethsm`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::{Args, CommandFactory, Parser, Subcommand};
use softnethsm::{Device, Error, Identity, Misbehaviour, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// A NetHSM in software: the same REST API over TLS, state sealed on disk.
///
/// A fresh data folder is an unprovisioned device; provision and unlock it through the API.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the API until SIGTERM, SIGINT or a shutdown through the API
    ///
    /// Prints one line, `softnethsm listening on https://ADDR:PORT`, when connections are accepted.
    /// What was answered is on disk: the process may be killed at any moment.
    Serve(Serve),
    #[command(flatten)]
    Shell(command_pages::Shell),
}

#[derive(Args)]
struct Serve {
    /// Folder that holds the state of the device; created when missing. Its `device.key` stands in
    /// place of the hardware: who has the folder needs the unlock passphrase, or nothing with
    /// unattended boot on
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT")]
    listen: String,
    /// Certificate chain, PEM, leaf first, until another is set through the API [default: the one
    /// kept as DIR/tls-cert.pem, self-made at first]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Public key of updates, RSA, PEM: takes those that it verifies, and installs none
    /// [default: takes none]
    #[arg(long, value_name = "FILE")]
    update_key: Option<PathBuf>,
    /// Keep passphrases of users as hardware does, not stretched, so that hardware knows them when a
    /// backup of this device is restored there. Users have to log in once before that backup
    #[arg(long)]
    portable_users: bool,
    /// Serve only as long as standard input is open, and then delete the folder: for a device that
    /// is tried once, whatever becomes of whoever tries it
    #[arg(long)]
    throw_away: bool,
    #[command(flatten)]
    misbehaviour: Misbehaviour,
}

fn main() -> ExitCode {
    let outcome = match Command::parse().verb {
        Verb::Serve(wish) => serve(&wish),
        Verb::Shell(shell) => shell.run(Command::command()).map_err(|source| Error::File {
            action: "write",
            path: "manual pages or completions".into(),
            source,
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn serve(wish: &Serve) -> Result<(), Error> {
    let failed = |source| Error::Listen {
        address: wish.listen.clone(),
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    // Before anybody can know that the server is there to be ended.
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (
            on(SignalKind::terminate()).map_err(failed)?,
            on(SignalKind::interrupt()).map_err(failed)?,
        )
    };
    let identity = match (&wish.tls_cert, &wish.tls_key) {
        (Some(certificate), Some(key)) => Some(Identity::read(certificate, key)?),
        _ => None,
    };
    let mut device = Device::open(&wish.data)?;
    if let Some(path) = &wish.update_key {
        let pem = fs::read(path).map_err(|source| Error::File {
            action: "read",
            path: path.clone(),
            source,
        })?;
        device = device.with_update_key(&pem)?;
    }
    if wish.portable_users {
        device = device.with_portable_users();
    }
    let server =
        Server::start_misbehaving(device, &wish.listen, identity, wish.misbehaviour.clone())?;
    let (closes, mut closed) = oneshot::channel();
    if wish.throw_away {
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = closes.send(());
        });
    }
    let mut output = io::stdout().lock();
    // A reader that has gone away does not end the server.
    let _ = writeln!(
        output,
        "softnethsm listening on https://{}",
        server.address()
    );
    let _ = output.flush();
    runtime.block_on(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = server.turned_off() => {}
            _ = &mut closed, if wish.throw_away => {}
        }
    });
    let stopped = server.stop();
    if wish.throw_away {
        fs::remove_dir_all(&wish.data).map_err(|source| Error::File {
            action: "delete",
            path: wish.data.clone(),
            source,
        })?;
    }
    stopped
}

fn on(kind: SignalKind) -> io::Result<Signal> {
    signal(kind)
}

fn report(error: &Error) {
    let mut output = io::stderr().lock();
    let _ = write!(output, "error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let _ = write!(output, ": {inner}");
        cause = inner.source();
    }
    let _ = writeln!(output, "\nhint: {}", error.hint());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_completions_know_every_command_and_option() {
        command_pages::check(&Command::command());
    }
}
