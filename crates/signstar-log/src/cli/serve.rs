//! `signstar-log serve`.

use std::{
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use clap::Args;
use listenfd::ListenFd;
use signal_hook::{consts::TERM_SIGNALS, iterator::Signals};
use signstar::config::ClientName;
use signstar_log::{
    CheckpointKey, FileKey, Folder, Use,
    serve::{Panel, Peers, Sequencer, Server, State},
};

use super::{Failure, hsm, say, status, trust::read_policy, warn};

/// How often the server is looked after.
const PULSE: Duration = Duration::from_millis(50);

/// Prints one line `signstar-log listening on PATH` once entries are taken. SIGTERM answers what
/// waits and ends. A disk that is full or fails, a damaged log or a key that does not sign end it.
#[derive(Args, Debug)]
#[command(after_help = status::SERVE)]
pub(crate) struct ServeArguments {
    /// The folder of the log, to be published as it stands.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The folder with what is not public: lock and pending record [default: DIR.state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Where to listen; without it the socket comes from systemd.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// The file with the key that signs checkpoints (`signstar-log key generate`).
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    key: Option<PathBuf>,

    /// The configuration of the host (signstar.toml), whose table [log] names a key in an HSM that
    /// signs checkpoints, in place of one in a file.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    config: Option<PathBuf>,

    /// A file that names this log, its witnesses with their addresses, and the quorum (C2SP
    /// tlog-policy): every checkpoint is shown to all of them. With a quorum, nothing leaves before
    /// it is reached; with `quorum none`, cosignatures are published as they arrive.
    #[arg(long, value_name = "FILE")]
    witness_policy: Option<PathBuf>,

    /// How long to wait for the quorum, and for one answer of a witness.
    #[arg(long, value_name = "SECONDS", default_value = "10", requires = "witness_policy",
          value_parser = clap::value_parser!(u32).range(1..=600))]
    witness_seconds: u32,

    /// A Unix user whose processes may append; may be repeated [default: the user of this
    /// process].
    #[arg(long = "allow-user", value_name = "NAME")]
    allow_users: Vec<String>,

    /// Let each user append only as the client that is called as the user is. For a configuration
    /// with identity = "unix-user".
    #[arg(long)]
    client_is_user: bool,

    /// With --client-is-user: the entries of this user name another client, its `log-name` in the
    /// configuration; may be repeated.
    #[arg(long = "log-name", value_name = "USER=NAME", value_parser = pseudonym, requires = "client_is_user")]
    log_names: Vec<(String, String)>,
}

fn pseudonym(text: &str) -> Result<(String, String), String> {
    let pair = text
        .split_once('=')
        .map(|(user, name)| (user.to_owned(), ClientName::new(name)));
    match pair {
        Some((user, Ok(name))) if !user.is_empty() => Ok((user, name.to_string())),
        _ => Err("write USER=NAME".to_owned()),
    }
}

pub(crate) fn serve(arguments: ServeArguments) -> Result<ExitCode, Failure> {
    let peers = Peers::new(&arguments.allow_users, arguments.client_is_user)?;
    let names = arguments.log_names.iter().cloned();
    let peers = names.fold(peers, |peers, (user, name)| {
        peers.with_pseudonym_of(user, name)
    });
    let mut signals = Signals::new(TERM_SIGNALS)
        .map_err(|error| Failure::new(format!("cannot wait for signals: {error}"), "try again"))?;
    let key = key(&arguments)?;
    let state = state_of(arguments.state.as_deref(), &arguments.dir);
    let state = State::lock(&state)?;
    let folder = Folder::new(&arguments.dir);
    let sequencer = match &arguments.witness_policy {
        None => Sequencer::open(folder, state, key)?,
        Some(path) => {
            let panel = Panel {
                policy: read_policy(path)?,
                patience: Duration::from_secs(arguments.witness_seconds.into()),
                journal: Arc::new(warn),
            };
            Sequencer::open_witnessed(folder, state, key, panel)?
        }
    };
    let (listener, name) = match &arguments.socket {
        Some(path) => (Server::bind(path)?, path.display().to_string()),
        None => (activated()?, "the socket of systemd".to_owned()),
    };
    let server = Server::start(sequencer, listener, peers, arguments.socket);
    say(&format!("signstar-log listening on {name}"))?;
    while signals.pending().next().is_none() && !server.has_stopped() {
        thread::sleep(PULSE);
    }
    server.stop()?;
    Ok(ExitCode::SUCCESS)
}

fn key(arguments: &ServeArguments) -> Result<Box<dyn CheckpointKey>, Failure> {
    match (&arguments.key, &arguments.config) {
        (Some(file), _) => Ok(Box::new(FileKey::read_for(file, Use::Log)?)),
        (None, Some(config)) => hsm::key(config),
        (None, None) => Err(Failure::new("there is no key", "give --key FILE")),
    }
}

/// The folder with what is not public of the log in `dir`.
pub(crate) fn state_of(given: Option<&Path>, dir: &Path) -> PathBuf {
    given.map_or_else(
        || {
            let mut name = dir.as_os_str().to_owned();
            name.push(".state");
            name.into()
        },
        Path::to_owned,
    )
}

fn activated() -> Result<UnixListener, Failure> {
    let taken = ListenFd::from_env().take_unix_listener(0).ok().flatten();
    taken.ok_or_else(|| Failure {
        status: 2,
        ..Failure::new(
            "there is no socket: neither --socket nor one from systemd",
            "give --socket PATH, or start it from a socket unit",
        )
    })
}
