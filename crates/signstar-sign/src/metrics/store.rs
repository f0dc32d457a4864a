//! The figures of all sessions of a client.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use signstar::config::ClientName;

use super::{counts::Counts, exposition::Page};

/// `STATE/CLIENT/metrics.json`, from which `METRICS/signstar-CLIENT.prom` is made.
#[derive(Debug)]
pub(super) struct Store {
    client: ClientName,
    state: PathBuf,
    metrics: PathBuf,
}

/// What is kept.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Kept {
    counts: Counts,
    /// The sessions with requests in flight, by process.
    sessions: BTreeMap<u32, Session>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Session {
    /// When the process was started, in ticks since boot: numbers of processes are used again.
    started: u64,
    in_flight: u64,
}

impl Store {
    pub(super) fn new(client: ClientName, state: PathBuf, metrics: PathBuf) -> Self {
        Self {
            client,
            state,
            metrics,
        }
    }

    /// Adds what was counted, and publishes the sum.
    pub(super) fn add(&self, counts: &Counts, in_flight: usize) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.state)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.state.join("metrics.lock"))?;
        lock.lock()?;

        let path = self.state.join("metrics.json");
        let mut kept = read(&path)?;
        kept.counts.add(counts);
        kept.sessions
            .retain(|id, session| started(*id) == Some(session.started));
        let own = std::process::id();
        match started(own) {
            Some(started) if in_flight > 0 => {
                let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
                kept.sessions.insert(own, Session { started, in_flight });
            }
            _ => {
                kept.sessions.remove(&own);
            }
        }
        replace(&path, &serde_json::to_string(&kept)?, 0o600)?;

        let in_flight = kept
            .sessions
            .values()
            .map(|session| session.in_flight)
            .sum();
        let page = Page::about(self.client.as_str(), &kept.counts, in_flight);
        let path = self.metrics.join(format!("signstar-{}.prom", self.client));
        replace(&path, page.as_str(), 0o644)
    }
}

/// What is kept; nothing if the file is not there or was damaged, as a counter may begin anew.
fn read(path: &Path) -> io::Result<Kept> {
    match fs::read(path) {
        Ok(octets) => Ok(serde_json::from_slice(&octets).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(error) => Err(error),
    }
}

/// When the process `id` was started, if it is there (proc(5), `/proc/PID/stat`, field 22).
fn started(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program may contain anything, also parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Writes the file `path` as a whole or not at all.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The collector of metrics reads `*.prom`.
    let new = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write(&new, text, mode).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is left of it is of no use; that there is a problem is told already.
        let _ = fs::remove_file(&new);
    }
    written
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // One of a process that was killed, or something that somebody else put in the way.
    let _ = fs::remove_file(path);
    let mut file = File::create_new(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())
}
