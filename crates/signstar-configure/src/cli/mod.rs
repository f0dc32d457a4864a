//! The command line.

mod check;
mod download;
mod host;
mod hsm;
mod login;
mod shares;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use nix::sys::stat::{Mode, umask};
use signstar_configure::{Error, Status};

/// Bring the host of an enclave to what its configuration says, and hand things out to users that
/// sign nothing.
#[derive(Debug, Parser)]
#[command(
    name = "signstar-configure",
    version,
    disable_help_subcommand = true,
    after_help = "\
Exit status: 0 nothing to do, or done; 1 something is wrong; 2 wrong usage; 10 changes are pending \
(`plan`); 20 waiting for shares; 21 a device cannot be reached; 22 credentials are missing. \
`download` and `shares exchange` have their own."
)]
struct Arguments {
    /// The configuration [default: /etc/signstar/signstar.toml, else
    /// /usr/share/signstar/signstar.toml].
    #[arg(long, value_name = "PATH", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    #[command(subcommand)]
    Host(host::Host),
    #[command(flatten)]
    Devices(hsm::Devices),
    Download(download::Wanted),
    #[command(subcommand)]
    Shares(shares::Shares),
    #[command(flatten)]
    Shell(command_pages::Shell),
}

/// Does what `words` say, the first of which is the name of the program.
pub(crate) fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let words = match login::words(words.collect()) {
        Ok(words) => words,
        Err(no_shell) => {
            let _ = writeln!(io::stderr(), "error: {no_shell}");
            return ExitCode::from(Status::Usage.code());
        }
    };
    let Arguments { config, command } = Arguments::parse_from(words);
    // What others have to read, they can read whatever `root` is used to. Secrets have their own modes.
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    let config = config.as_deref();
    let ended = match command {
        Command::Check(check) => check.run(config),
        Command::Host(host) => host.run(config),
        Command::Devices(devices) => return devices.run(config),
        Command::Download(wanted) => return wanted.run(config),
        Command::Shares(shares) => return shares.run(config),
        Command::Shell(shell) => shell
            .run(Arguments::command())
            .map_err(Error::Output)
            .map(|()| Status::Done),
    };
    match ended {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            report(&error);
            ExitCode::from(Status::Failed.code())
        }
    }
}

fn report(error: &Error) {
    // There is nobody left to tell if this fails.
    let _ = writeln!(
        io::stderr(),
        "error: {}\nhint: {}",
        error.whole(),
        error.hint()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_completions_know_every_command_and_option() {
        command_pages::check(&Arguments::command());
    }
}
