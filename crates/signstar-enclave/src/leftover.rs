//! Programs of an enclave that has ended without them.

use std::{
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Folder, processes, yubihsm_mock};

/// How long a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A program that was started for a folder: its name, and a path that it was started with.
#[derive(Debug)]
pub(crate) struct Leftover {
    program: &'static str,
    path: PathBuf,
}

impl Leftover {
    /// Every program that runs for `folder`.
    pub(crate) fn all(folder: &Folder) -> [Self; 6] {
        let [sign, download] = Self::sessions(folder);
        [
            Self::new("sshd", folder.sshd_configuration()),
            sign,
            download,
            Self::new("signstar-log", folder.public_log()),
            Self::new("softnethsm", folder.hsm()),
            Self::new("yubihsm-mock", yubihsm_mock::objects(folder)),
        ]
    }

    /// The forced commands that are still there. Each is in a session of its own, so that the end
    /// of `sshd` is not theirs.
    pub(crate) fn sessions(folder: &Folder) -> [Self; 2] {
        ["signstar-sign", "signstar-configure"]
            .map(|program| Self::new(program, folder.configuration()))
    }

    fn new(program: &'static str, path: PathBuf) -> Self {
        Self { program, path }
    }

    /// Ends it, however often it runs, first with a warning and then without.
    ///
    /// Only processes of this user are looked at, and only those that run this program and were
    /// started with this path. Call it only with the lock on the folder.
    pub(crate) fn end(&self) {
        let end = Instant::now() + PATIENCE;
        let mut warned: Vec<Pid> = Vec::new();
        loop {
            let running = self.running();
            if running.is_empty() {
                return;
            }
            for pid in running {
                let signal = match warned.contains(&pid) {
                    false => Signal::SIGTERM,
                    true if Instant::now() > end => Signal::SIGKILL,
                    true => continue,
                };
                warned.push(pid);
                if kill(pid, signal) == Err(Errno::EPERM) {
                    return;
                }
            }
            if Instant::now() > end + PATIENCE {
                return;
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn running(&self) -> Vec<Pid> {
        let ids = processes(self.program, &self.path).into_iter();
        ids.filter_map(|id| i32::try_from(id).ok())
            .map(Pid::from_raw)
            .collect()
    }
}

/// Ends the sessions of a folder when it is dropped.
#[derive(Debug)]
pub(crate) struct Sessions(pub(crate) Folder);

impl Drop for Sessions {
    fn drop(&mut self) {
        for session in Leftover::sessions(&self.0) {
            session.end();
        }
    }
}
