//! `signstar-log witness`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use signal_hook::{consts::TERM_SIGNALS, iterator::Signals};
use signstar::log::VerifierKey;
use signstar_log::{
    FileKey, Use,
    witness::{Service, Witness},
};

use super::{Failure, say, status, warn};

/// Cosigns checkpoints as C2SP tlog-witness has it: a log that shows a checkpoint which does not
/// continue all that was seen of it before gets no cosignature.
///
/// Prints one line `signstar-log witness listening on http://ADDRESS` once it answers. Put a web
/// server with a certificate before it. It needs no access to the log, and should stand where the
/// operator of the log has none.
#[derive(Args, Debug)]
#[command(after_help = status::WITNESS)]
pub(crate) struct WitnessArguments {
    /// The folder in which the newest checkpoint of each log is remembered. Never set it back to an
    /// older copy.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The file with the key of the witness (`signstar-log key generate FILE --witness NAME`).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Where to listen; port 0 takes one that is free.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,

    /// The verifier key of a log to watch; may be repeated.
    #[arg(long = "log", value_name = "VKEY", required = true)]
    logs: Vec<VerifierKey>,
}

pub(crate) fn witness(arguments: &WitnessArguments) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new(TERM_SIGNALS)
        .map_err(|error| Failure::new(format!("cannot wait for signals: {error}"), "try again"))?;
    let key = FileKey::read_for(&arguments.key, Use::Witness)?;
    let witness = Witness::open(key, &arguments.logs, &arguments.dir)?;
    let service = Service::bind(arguments.listen)?;
    let address = service.address();
    service.serve(witness, warn);
    say(&format!(
        "signstar-log witness listening on http://{address}"
    ))?;
    // What was answered is durable: there is nothing to finish.
    let _ = signals.forever().next();
    Ok(ExitCode::SUCCESS)
}
