//! Programs of an enclave that has ended without them.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};

use crate::Folder;

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
    pub(crate) fn all(folder: &Folder) -> [Self; 5] {
        let [sign, download] = Self::sessions(folder);
        [
            Self::new("sshd", folder.sshd_configuration()),
            sign,
            download,
            Self::new("signstar-log", folder.public_log()),
            Self::new("softnethsm", folder.hsm()),
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
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|entry| self.is_run_by(&entry.path()))
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .map(Pid::from_raw)
            .collect()
    }

    /// Whether `process`, a folder in `/proc`, runs this program with this path.
    fn is_run_by(&self, process: &Path) -> bool {
        let is_ours = process
            .metadata()
            .is_ok_and(|metadata| metadata.uid() == Uid::effective().as_raw());
        is_ours
            && fs::read_link(process.join("exe")).is_ok_and(|path| runs(&path, self.program))
            && fs::read(process.join("cmdline")).is_ok_and(|line| names(&line, &self.path))
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

/// Whether the executable at `path` is `program`, or was before it was built anew.
fn runs(path: &Path, program: &str) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.strip_suffix(b" (deleted)").unwrap_or(name) == program.as_bytes()
}

/// Whether a command line has `path` as a word of its own. `sshd` puts its words into one.
fn names(line: &[u8], path: &Path) -> bool {
    let path = OsStr::as_bytes(path.as_os_str());
    let is_end = |octet: Option<&u8>| matches!(octet, None | Some(0 | b' '));
    line.windows(path.len())
        .enumerate()
        .filter(|(_, window)| *window == path)
        .any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            is_end(before) && is_end(line.get(at + path.len()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_path_counts() {
        let path = Path::new("/a/hsm");
        for line in [
            &b"x\0--data\0/a/hsm\0"[..],
            b"sshd: x -f /a/hsm [listener]",
            b"/a/hsm",
        ] {
            assert!(names(line, path), "{line:?}");
        }
        for line in [
            &b"x\0/a/hsm2\0"[..],
            b"x\0/b/a/hsm\0",
            b"x\0--data=/a/hsm\0",
            b"",
        ] {
            assert!(!names(line, path), "{line:?}");
        }
    }

    #[test]
    fn a_program_that_was_built_anew_is_the_same() {
        assert!(runs(Path::new("/bin/sshd"), "sshd"));
        assert!(runs(Path::new("/bin/sshd (deleted)"), "sshd"));
        assert!(!runs(Path::new("/bin/not-sshd"), "sshd"));
    }
}
