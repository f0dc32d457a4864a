//! The program `signstar-sign`.

mod login;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use signstar::config::ClientName;
use signstar_sign::{Error, self_test, serve};

/// Answer signing requests: requests on standard input, responses on standard output.
///
/// This is the forced command of a signing host: `sshd` starts it when a client connects. Each
/// request is one JSON object; each is answered with one line of JSON, in the same order, until
/// the input ends. The formats are described in spec/request.md and spec/response.md.
///
/// The client is the Unix user that runs the program. Only where the configuration says
/// `identity = "authorized-keys"` does --client name it.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    after_help = "Exit status: 0 every request was signed; 1 the host is not set up correctly; \
                  2 wrong usage; 3 a request was refused; 4 the HSM cannot sign at the moment; \
                  5 a signature did not verify. Of several, the highest."
)]
struct Arguments {
    /// The configuration [default: /etc/signstar/signstar.toml, else
    /// /usr/share/signstar/signstar.toml].
    #[arg(long, value_name = "PATH", global = true)]
    config: Option<PathBuf>,

    /// The client, set by `command=` in `authorized_keys`.
    #[arg(long, value_name = "NAME")]
    client: Option<ClientName>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign a fixed text with every key whose passphrase this user may read, and verify that.
    ///
    /// Prints a line for each key and kind of signature, and writes metrics if the configuration
    /// says where. For a timer. Exit status: 0 all is well; 1 a key cannot be opened, or there is
    /// none; 3 to 5 as for requests. Of several, the highest.
    SelfTest,
    #[command(flatten)]
    Shell(command_pages::Shell),
}

fn main() -> ExitCode {
    let words = match login::words(std::env::args_os().collect()) {
        Ok(words) => words,
        Err(no_shell) => {
            let _ = writeln!(io::stderr(), "error: {no_shell}");
            return ExitCode::from(2);
        }
    };
    let Arguments {
        config,
        client,
        command,
    } = Arguments::parse_from(words);
    if client.is_some() && command.is_some() {
        let problem = "--client is for sessions only";
        let kind = clap::error::ErrorKind::ArgumentConflict;
        Arguments::command().error(kind, problem).exit();
    }
    let ended = match command {
        None => serve(config.as_deref(), client),
        Some(Command::SelfTest) => self_test(config.as_deref()),
        Some(Command::Shell(shell)) => shell
            .run(Arguments::command())
            .map_err(Error::Write)
            .map(|()| 0),
    };
    match ended {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            report(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

/// Over SSH this is the screen of a client, who is told no more than it can use.
fn report(error: &Error) {
    let mut stderr = io::stderr().lock();
    // There is nobody left to tell if this fails.
    let _ = if std::env::var_os("SSH_CONNECTION").is_some() {
        writeln!(
            stderr,
            "error: {}",
            signstar::refusal::Code::Misconfigured.message()
        )
    } else {
        writeln!(stderr, "error: {error}\nhint: {}", error.hint())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_completions_know_every_command_and_option() {
        command_pages::check(&Arguments::command());
    }
}
