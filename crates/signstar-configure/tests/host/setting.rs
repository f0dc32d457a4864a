//! A configuration, a tree, and the program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// Two SSH keys whose private halves nobody has.
pub(crate) const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF5elNy849+hHqCP2CsreYMhcY5nEAKuZLjU2fuuMrYp",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1q5apwTTh2b3YmgUKQPiQSLJiYt+H6Ehx45lKQfAcM",
];

/// An enclave with a client, a user that signs nothing, a public log and a firewall. `KEY1` and
/// `KEY2` stand for their SSH keys.
pub(crate) const CONFIGURATION: &str = include_str!("signstar.toml");
/// A YubiHSM2 whose log is read, to be added to it.
pub(crate) const AUDITED: &str = r#"
[hsm.stick]
kind = "yubihsm2"
connector = "http://127.0.0.1:12345"
serial = "0012345678"
auditor = { operator = "5", passphrase = { file = "/var/lib/signstar/auditor/passphrase" } }

[administration]
credentials = "systemd-creds"
"#;

/// A configuration, and a tree that is to follow it.
pub(crate) struct Setting {
    folder: TempDir,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("tree")).expect("created");
        let setting = Self { folder };
        setting.declare(CONFIGURATION);
        setting
    }

    /// From now on, this is what is wanted.
    pub(crate) fn declare(&self, text: &str) {
        let text = text.replace("KEY1", KEYS[0]).replace("KEY2", KEYS[1]);
        fs::write(self.configuration(), text).expect("written");
    }

    /// The same without the table `[user.watcher]`.
    pub(crate) fn dismiss_watcher(&self) {
        let (before, after) = CONFIGURATION.split_once("[user.watcher]").expect("there");
        let (_, after) = after.split_once("\n\n").expect("something behind it");
        self.declare(&format!("{before}{after}"));
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("signstar.toml")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// The file at `path` in the tree.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// `signstar-configure host WORDS` on the tree.
    pub(crate) fn host(&self, words: &str) -> Output {
        Command::new(program())
            .arg("host")
            .args(words.split(' '))
            .arg("--config")
            .arg(self.configuration())
            .arg("--root")
            .arg(self.root())
            .output()
            .expect("it runs")
    }

    /// The same, which ends with `status`; what it prints.
    #[track_caller]
    pub(crate) fn ends(&self, words: &str, status: i32) -> String {
        let output = self.host(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{words}: {told}");
        match status {
            1 => told.into_owned(),
            _ => String::from_utf8(output.stdout).expect("text"),
        }
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_signstar-configure"))
}

/// Says why a story is not told here.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to know")]
pub(crate) fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}
