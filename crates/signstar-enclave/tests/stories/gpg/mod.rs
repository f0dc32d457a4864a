//! Programs that call `gpg` and find an enclave instead.

mod calls;
mod debian;
mod dialed;
mod git;
mod pacman;
mod passed_on;
mod rpm;

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story, program};

/// The one who signs: the name that the enclave gave to the key.
pub(crate) const CLIENT: &str = "client1";

/// A person with `signstar-gpg` first in `PATH` as `gpg`, and a real `gpg` that knows the
/// certificate and no secret key.
pub(crate) struct Desk {
    pub(crate) story: Story,
    pub(crate) gpg: GnuPg,
    /// The fingerprint of the key in the enclave.
    pub(crate) key: String,
    /// Its user ID.
    pub(crate) user_id: String,
}

impl Desk {
    /// With an Ed25519 key.
    pub(crate) fn ready() -> Self {
        Self::with(KeyType::Curve25519)
    }

    pub(crate) fn with(key_type: KeyType) -> Self {
        Self::of(Story::with_clients(&[(CLIENT, key_type)]))
    }

    fn of(story: Story) -> Self {
        let gpg = GnuPg::knowing(&[story.certificate(CLIENT)]);
        let list = Outcome::of(gpg.command().args(["--with-colons", "--list-keys"]));
        let field = |kind: &str| {
            let line = list.stdout.lines().find(|line| line.starts_with(kind));
            line.and_then(|line| line.split(':').nth(9))
                .unwrap_or_else(|| panic!("{list:#?}"))
                .to_owned()
        };
        let desk = Self {
            key: field("fpr"),
            user_id: field("uid"),
            story,
            gpg,
        };
        // As `debsign`, `dpkg-buildpackage` and `InRelease` need it.
        desk.configure(|text| {
            text.replace("[\"OpenPGPv4\"]", "[\"OpenPGPv4\", \"OpenPGPv4-text\"]")
        });
        desk.settings(desk.story.home().join("ssh/connect"));
        let bin = desk.bin();
        fs::create_dir_all(&bin).expect("a folder");
        symlink(program("signstar-gpg"), bin.join("gpg")).expect("linked");
        desk
    }

    /// Changes what the enclave permits from now on.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let changed = self.story.configuration(change);
        fs::write(self.story.home().join("signstar.toml"), changed).expect("written");
    }

    /// Writes `client.toml` with this program to connect with.
    pub(crate) fn settings(&self, ssh: impl AsRef<Path>) {
        let folder = self.story.path().join(".config/signstar");
        fs::create_dir_all(&folder).expect("a folder");
        let text = format!(
            "destination = {CLIENT:?}\ncertificate = {:?}\nssh = {:?}\n",
            self.story.certificate(CLIENT),
            ssh.as_ref()
        );
        fs::write(folder.join("client.toml"), text).expect("written");
    }

    /// The folder that stands first in `PATH`.
    pub(crate) fn bin(&self) -> PathBuf {
        self.story.path().join("bin")
    }

    /// `PATH` with our folder first.
    pub(crate) fn path(&self) -> OsString {
        let rest = env::var_os("PATH").unwrap_or_default();
        let folders = [self.bin()].into_iter().chain(env::split_paths(&rest));
        env::join_paths(folders).expect("a path")
    }

    /// A program of this person; arguments follow.
    pub(crate) fn run(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.story.command(program.as_ref());
        command
            .env("PATH", self.path())
            .env("GNUPGHOME", self.gpg.home())
            .env_remove("GPGKEY")
            .env_remove("SIGNSTAR_GPG_REAL");
        command
    }

    /// `gpg`, as they find it.
    pub(crate) fn gpg(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.run("gpg").args(arguments))
    }

    /// The enclave grants nothing any more.
    pub(crate) fn refuse_everything(&self) {
        self.configure(|text| text.replace("outputs = [", "enabled = false\noutputs = ["));
    }

    /// Whether the journal has a signature for a file of this name.
    pub(crate) fn was_signed(&self, name: &str) -> bool {
        let journal = self.story.journal();
        let named = |line: &serde_json::Value| line.to_string().contains(&format!("{name:?}"));
        journal.iter().any(named)
    }
}

/// A text that stays readable verifies with everything that can do so.
#[track_caller]
pub(crate) fn expect_clear_text(desk: &Desk, path: &Path) {
    let mut verify = desk.gpg.command();
    let outcome = Outcome::of(verify.args(["--status-fd", "1", "--verify"]).arg(path));
    outcome.expect(0);
    let valid = format!("VALIDSIG {}", desk.key);
    assert!(outcome.stdout.contains(&valid), "{outcome:#?}");
    // The type of the signature: a text.
    assert!(outcome.stdout.contains(" 10 01 "), "{outcome:#?}");
}
