//! The command `openssl`, which made none of what it checks here.

use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder in which `openssl` works.
pub(super) struct OpenSsl(TempDir);

impl OpenSsl {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Puts a file into the folder.
    pub(super) fn put(&self, name: &str, octets: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.0.path().join(name), octets).expect("written");
        self
    }

    /// Runs it with these arguments, split at blanks.
    fn output(&self, arguments: &str) -> Output {
        Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.0.path())
            .output()
            .expect("openssl is installed")
    }

    /// What it writes when it succeeds.
    pub(super) fn run(&self, arguments: &str) -> Vec<u8> {
        let output = self.output(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {errors}");
        output.stdout
    }

    /// What it writes when it succeeds, as text.
    pub(super) fn text(&self, arguments: &str) -> String {
        String::from_utf8(self.run(arguments)).expect("text")
    }
}
