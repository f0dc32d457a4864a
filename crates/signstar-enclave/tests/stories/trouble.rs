//! An HSM that is away, locked, slow, somebody else or out of its mind.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::story::{GnuPg, Story, signature};

/// A story with one signed file and one that is not signed yet.
struct Trouble {
    story: Story,
    gpg: GnuPg,
    files: [PathBuf; 2],
}

impl Trouble {
    fn ahead() -> Self {
        let story = Story::begin();
        let files = [
            story.file("signed", "signed before there is trouble"),
            story.file("unsigned", "asked for when there is trouble"),
        ];
        // Who tries again does not do so for long.
        story
            .reconfigure(|text| text.replacen("\n\n", "\nlimits = { request-seconds = 2 }\n\n", 1));
        story.send("client1", &files[..1]).expect(0);
        let gpg = GnuPg::knowing(&[story.certificate("client1")]);
        Self { story, gpg, files }
    }

    /// Nothing is signed and nothing changes; the client ends with `code`, and the journal has
    /// `outcome` with a cause that is not told to the client.
    fn is_noticed(&self, code: i32, outcome: &str) {
        let before = self.story.listing();
        let old = fs::read(signature(&self.files[0])).expect("there");
        let lines = self.story.journal().len();
        let sent = self.story.send("client1", &self.files);
        sent.expect(code);
        sent.expect_complaint(outcome);
        assert_eq!(self.story.listing(), before);
        assert_eq!(fs::read(signature(&self.files[0])).expect("there"), old);

        let mut journal = self.story.journal().split_off(lines);
        journal.retain(|line| line["outcome"] != "device-out-of-use");
        assert_eq!(journal.len(), self.files.len(), "{journal:#?}");
        for line in journal {
            assert_eq!(line["outcome"], outcome, "{line}");
            let cause = line["cause"].as_str().expect("a cause");
            assert!(!sent.stderr.contains(cause), "{sent:#?}");
        }
    }

    /// The same command as before works now.
    fn is_over(&self) {
        self.story.send("client1", &self.files).expect(0);
        for file in &self.files {
            self.gpg.verify(file).expect("gpg accepts");
        }
        fs::remove_file(signature(&self.files[1])).expect("removed");
    }

    fn configure(&self, change: impl FnOnce(String) -> String) -> PathBuf {
        let path = self.story.home().join("signstar.toml");
        let changed = self.story.configuration(change);
        fs::write(&path, changed).expect("written");
        path
    }
}

#[test]
fn an_hsm_that_is_away_or_locked_signs_later() {
    let mut trouble = Trouble::ahead();
    trouble.story.enclave().hsm().stop();
    trouble.is_noticed(4, "hsm-unavailable");

    trouble
        .story
        .enclave()
        .hsm()
        .start_again(&[])
        .expect("started");
    trouble.is_noticed(4, "hsm-unavailable");

    let folder = trouble.story.enclave().folder().clone();
    trouble
        .story
        .enclave()
        .hsm()
        .make_operational(&folder)
        .expect("unlocked");
    trouble.is_over();
}

#[test]
fn an_hsm_that_breaks_off_or_fails_signs_later() {
    let mut trouble = Trouble::ahead();
    for kind in ["drop", "error"] {
        trouble.story.restart_hsm(&["--misbehave", kind]);
        trouble.is_noticed(4, "hsm-unavailable");
    }
    trouble.story.restart_hsm(&[]);
    trouble.is_over();
}

#[test]
fn an_hsm_that_is_slow_is_not_waited_for() {
    let mut trouble = Trouble::ahead();
    let patient = fs::read(trouble.story.home().join("signstar.toml")).expect("readable");
    let config = trouble.configure(|text| {
        text.replace(
            "kind = \"nethsm\"\n",
            "kind = \"nethsm\"\ntimeout-seconds = 1\n",
        )
    });
    trouble.story.restart_hsm(&["--misbehave", "latency:60000"]);
    trouble.is_noticed(4, "hsm-unavailable");

    // Slow is not too slow.
    fs::write(config, patient).expect("written");
    trouble.story.restart_hsm(&["--misbehave", "latency:50"]);
    trouble.is_over();
}

#[test]
fn an_hsm_that_answers_nonsense_is_not_believed() {
    let mut trouble = Trouble::ahead();
    for kind in ["garbage", "wrong-signature"] {
        trouble.story.restart_hsm(&["--misbehave", kind]);
        trouble.is_noticed(5, "signature-invalid");
    }
    trouble.story.restart_hsm(&[]);
    trouble.is_over();
}

#[test]
fn an_hsm_with_another_tls_certificate_gets_no_passphrase() {
    let mut trouble = Trouble::ahead();
    trouble.story.enclave().hsm().stop();
    let data = trouble.story.home().join("hsm");
    let identity = ["tls-cert.pem", "tls-key.pem"].map(|name| data.join(name));
    let old = identity
        .each_ref()
        .map(|path| fs::read(path).expect("there"));
    for path in &identity {
        fs::remove_file(path).expect("removed");
    }
    trouble.story.restart_hsm(&[]);
    trouble.is_noticed(4, "hsm-unavailable");

    trouble.story.enclave().hsm().stop();
    for (path, old) in identity.iter().zip(old) {
        write_in_place(path, &old);
    }
    trouble.story.restart_hsm(&[]);
    trouble.is_over();
}

/// Keeps the permissions of what is there.
fn write_in_place(path: &Path, octets: &[u8]) {
    fs::write(path, octets).expect("written");
}

#[test]
fn a_host_that_is_set_up_wrongly_does_not_say_how() {
    let mut trouble = Trouble::ahead();
    let secret = trouble.story.home().join("secrets/client1");
    let passphrase = fs::read_to_string(&secret).expect("readable");
    fs::write(&secret, "another passphrase").expect("written");
    let sent = trouble.story.send("client1", &trouble.files[1..]);
    sent.expect(3);
    sent.expect_complaint("misconfigured");
    assert!(!signature(&trouble.files[1]).exists());
    assert!(!sent.stderr.contains("passphrase"), "{sent:#?}");
    fs::write(&secret, passphrase).expect("written");

    let certificate = trouble.story.certificate("client1");
    let kept = fs::read(&certificate).expect("readable");
    let other = Story::begin();
    // That of another key: the signature does not verify with it, and is not released.
    fs::copy(other.certificate("client1"), &certificate).expect("copied");
    let asked = crate::story::Outcome::with_input(
        trouble.story.ssh().arg("client1"),
        trouble.story.request("content").to_string(),
    );
    asked.expect(5);
    assert!(asked.stdout.contains("signature-invalid"), "{asked:#?}");
    fs::write(&certificate, kept).expect("written");
    trouble.story.restart_hsm(&[]);
    trouble.is_over();
}
