//! The programs of a host, run with the configuration in a folder of their own.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A folder with `signstar.toml`, and all that is named there.
pub(crate) struct Folder(TempDir);

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.join(name)
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("signstar.toml")
    }

    fn program(&self, path: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(path);
        command
            .args(words)
            .arg("--config")
            .arg(self.configuration());
        command
    }

    /// `signstar-configure`, not started.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.program(Path::new(env!("CARGO_BIN_EXE_signstar-configure")), words)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("it runs")
    }

    /// Runs `signstar-configure` to its end with this status. Returns what it says.
    #[track_caller]
    pub(crate) fn ends(&self, words: &[&str], status: i32) -> String {
        let output = self.run(words);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).expect("text");
        assert_eq!(output.status.code(), Some(status), "{words:?}: {told}");
        told
    }

    /// `signstar-sign self-test`: each client signs, and what it gets is verified.
    pub(crate) fn self_test(&self) -> Output {
        let beside =
            Path::new(env!("CARGO_BIN_EXE_signstar-configure")).with_file_name("signstar-sign");
        self.program(&beside, &["self-test"])
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}; build everything first", beside.display()))
    }

    /// Has each client sign, of which there are so many.
    #[track_caller]
    pub(crate) fn each_signs(&self, clients: usize) {
        let output = self.self_test();
        assert!(output.status.success(), "{output:?}");
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(told.matches("ok ").count(), clients, "{told}");
    }
}
