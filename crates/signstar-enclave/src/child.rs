//! A program that runs as long as the enclave does.

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use crate::{Error, leave_it_to_the_signal};

/// How long a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running program, with its log. It is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    program: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command` in a process group of its own.
    pub(crate) fn start(
        program: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> Result<Self, Error> {
        leave_it_to_the_signal();
        let child = command
            .process_group(0)
            .spawn()
            .map_err(|error| Error::Start {
                program,
                reason: error.to_string(),
            })?;
        Ok(Self {
            program,
            child,
            log: log.to_owned(),
        })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if the program has ended.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Error::Ended {
                program: self.program,
                reason: last_words(&self.log),
            }),
        }
    }

    /// Kills the program without warning.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let Ok(pid) = i32::try_from(self.child.id()).map(Pid::from_raw) else {
            return;
        };
        let _ = kill(pid, Signal::SIGTERM);
        let end = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.child.kill();
                let _ = self.child.wait();
            } else {
                sleep(Duration::from_millis(5));
            }
        }
        // What it has started and not ended itself.
        let _ = killpg(pid, Signal::SIGTERM);
    }
}

/// The last lines of a log.
pub(crate) fn last_words(log: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(log).and_then(|mut file| file.read_to_string(&mut text));
    let lines: Vec<_> = text.lines().rev().take(4).collect();
    match (read, lines.is_empty()) {
        (Ok(_), false) => lines.into_iter().rev().collect::<Vec<_>>().join("; "),
        _ => format!("see {}", log.display()),
    }
}
