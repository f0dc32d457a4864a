//! The program `signstar-sign`.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use signstar::config::ClientName;
use signstar_sign::{Error, serve};

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
    after_help = "Exit status: 0 every request was signed; 1 the host is not set up correctly; \
                  2 wrong usage; 3 a request was refused; 4 the HSM cannot sign at the moment; \
                  5 a signature did not verify. Of several, the highest."
)]
struct Arguments {
    /// The configuration [default: /etc/signstar/signstar.toml, else
    /// /usr/share/signstar/signstar.toml].
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,

    /// The client, set by `command=` in `authorized_keys`.
    #[arg(long, value_name = "NAME")]
    client: Option<ClientName>,
}

fn main() -> ExitCode {
    let Arguments { config, client } = Arguments::parse();
    match serve(config.as_deref(), client) {
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
