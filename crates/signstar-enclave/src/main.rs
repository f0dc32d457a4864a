//! The program `signstar-enclave`.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use clap::{CommandFactory, Parser, Subcommand};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use signstar_enclave::{
    Client, Description, Enclave, Error, Folder, HsmKind, KeyType, Options, Purpose, program,
};

/// A whole signing enclave on this machine, for trying and testing.
///
/// It runs an HSM in software, a transparency log, an SSH server on a loopback port and
/// signstar-sign as its forced command: the real path, without the walls of a real enclave. Its
/// folder holds every credential. Never sign with it what others should trust.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run an enclave until SIGTERM or Ctrl-C.
    ///
    /// When it is ready, DIR/enclave.json says where everything is: address, SSH keys,
    /// certificates, credentials. The file is removed when the enclave ends. An enclave that is
    /// already in DIR is started again with its keys.
    ///
    /// Each client may ask for `OpenPGPv4`, `OpenPGPv4-text`, `OpenPGPv6` and `SSHSIG`. For `raw` a key
    /// has to be for nothing else: see spec/configuration.md.
    Up {
        /// The folder of the enclave.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,

        /// How many clients it has: client1, client2 and so on, each with a key of its own.
        #[arg(long, value_name = "N", default_value_t = 1,
              value_parser = clap::value_parser!(u16).range(1..=1000))]
        clients: u16,

        #[command(flatten)]
        kind: Kind,
    },
    /// Sign files with an enclave, started for it if none runs.
    ///
    /// Writes FILE.sig and FILE.sig.proof beside each FILE, as signstar-request-signature does, and
    /// ends with its exit status.
    Sign {
        /// The folder of the enclave [default: signstar-enclave in $XDG_STATE_HOME or
        /// ~/.local/state].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,

        #[command(flatten)]
        kind: Kind,

        /// What to sign.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    #[command(flatten)]
    Shell(command_pages::Shell),
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Kind {
    /// The type of the signing keys: Curve25519, EC_P256, EC_P384, EC_P521, RSA2048, RSA3072 or
    /// RSA4096.
    #[arg(long, value_name = "TYPE", default_value_t)]
    key_type: KeyType,

    /// The HSM that holds them: softnethsm (a NetHSM), softhsm2 (a token behind PKCS#11, which the
    /// package softhsm2 has) or yubihsm-mock (a YubiHSM2).
    #[arg(long, value_name = "KIND", default_value_t)]
    hsm: HsmKind,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().action {
        Action::Up { dir, clients, kind } => {
            up(kind.hsm, &options(&dir, clients, kind)).map(|()| 0)
        }
        Action::Sign { dir, kind, files } => dir
            .map_or_else(usual_folder, Ok)
            .and_then(|dir| sign(kind.hsm, &options(&dir, 1, kind), &files)),
        Action::Shell(shell) => shell
            .run(Arguments::command())
            .map(|()| 0)
            .map_err(|source| Error::File {
                what: "write",
                path: "manual pages or completions".into(),
                source,
            }),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "error: {error}\nhint: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}

fn options(dir: &Path, clients: u16, Kind { key_type, .. }: Kind) -> Options {
    Options {
        folder: dir.to_owned(),
        clients: (1..=clients)
            .map(|number| {
                let client = Client::new(format!("client{number}"), key_type);
                client.with_key_for(Purpose::Everything)
            })
            .collect(),
    }
}

fn usual_folder() -> Result<PathBuf, Error> {
    let state = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || env::home_dir().map(|home| home.join(".local/state"));
    state
        .or_else(home)
        .map(|folder| folder.join("signstar-enclave"))
        .ok_or(Error::Start {
            program: "signstar-enclave",
            reason: "there is no home folder; give --dir".to_owned(),
        })
}

/// Runs an enclave until a signal says that it is enough, or one of its programs ends.
fn up(hsm: HsmKind, options: &Options) -> Result<(), Error> {
    let cannot = |source| Error::File {
        what: "wait for signals in",
        path: options.folder.clone(),
        source,
    };
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM]).map_err(cannot)?;
    let mut enclave = Enclave::start_on(hsm, options)?;
    say(&format!(
        "the enclave is ready; {} says where everything is\n",
        enclave.folder().description().display()
    ));
    for signal in signals.forever() {
        if signal == SIGCHLD {
            enclave.check()?;
        } else {
            break;
        }
    }
    Ok(())
}

fn sign(hsm: HsmKind, options: &Options, files: &[PathBuf]) -> Result<u8, Error> {
    let folder = Folder::create(&options.folder)?;
    // A description without an enclave is left where the power failed.
    let started = match Enclave::start_on(hsm, options) {
        Ok(enclave) => Some(enclave),
        Err(Error::InUse(_)) => None,
        Err(error) => return Err(error),
    };
    let vkey = match &started {
        Some(enclave) => enclave.description().log.vkey.clone(),
        None => wait_for(&folder)?.log.vkey,
    };
    let client = "client1";
    let send = "signstar-request-signature";
    let failed = |error: io::Error| Error::Start {
        program: send,
        reason: error.to_string(),
    };
    let status = Command::new(program(send)?)
        .arg("send")
        .arg("--ssh")
        .arg(folder.connect())
        .args(["--to", client, "--certificate"])
        .arg(folder.certificate(client))
        .args(["--log-key", &vkey])
        .arg("--")
        .args(files)
        .status()
        .map_err(failed)?;
    drop(started);
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => Ok(code),
        _ => Err(failed(io::Error::other(format!("{status}")))),
    }
}

/// Waits until the enclave that another process starts in `folder` is ready.
fn wait_for(folder: &Folder) -> Result<Description, Error> {
    for _ in 0..600 {
        let description = std::fs::read(folder.description()).unwrap_or_default();
        if let Ok(description) = serde_json::from_slice(&description) {
            return Ok(description);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(Error::InUse(folder.path().to_owned()))
}

fn say(text: &str) {
    let mut stdout = io::stdout();
    // Who does not listen can still read enclave.json.
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_completions_know_every_command_and_option() {
        command_pages::check(&Arguments::command());
    }
}
