//! The programs of the field, each run in a folder of its own.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A folder in which programs find nothing of their user's.
pub(crate) struct Room {
    folder: TempDir,
}

impl Room {
    /// A room, if `program` is there. Else says that the test is skipped.
    pub(crate) fn with(program: &str) -> Option<Self> {
        if let Err(error) = Command::new(program).arg("--version").output() {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: {program} does not start: {error}"
            );
            return None;
        }
        let folder = tempfile::Builder::new()
            .prefix("signstar-")
            .tempdir()
            .expect("a folder");
        Some(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, octets).expect("a file");
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect("a file")
    }

    /// Runs `program` in this room.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.path())
            .env("GNUPGHOME", self.path())
            .env("LC_ALL", "C")
            .output()
            .expect("it started before")
    }

    /// Runs `gpg` and fails with its words if it fails.
    #[track_caller]
    pub(crate) fn gpg(&self, arguments: &[&str]) -> Output {
        let output = self.try_gpg(arguments);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {words}");
        output
    }

    pub(crate) fn try_gpg(&self, arguments: &[&str]) -> Output {
        let quiet = ["--batch", "--no-autostart", "--trust-model", "always"];
        self.run("gpg", quiet.iter().chain(arguments))
    }
}
