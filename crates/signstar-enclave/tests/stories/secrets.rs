//! Passphrases, and everywhere that they are not.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::story::{Outcome, Session, Story, is_installed, program, servers};

/// The passphrases of an enclave, as they are and as HTTP carries them.
fn passphrases(story: &Story) -> Vec<Vec<u8>> {
    let secrets = story.home().join("secrets");
    let mut logins = Vec::new();
    for name in ["client1", "backup", "log.key"] {
        logins.push((
            name.to_owned(),
            fs::read(secrets.join(name)).expect("readable"),
        ));
    }
    let known = story.administrative();
    // Only a NetHSM has the first.
    let of_device = [("unlock", &known.unlock), ("backup", &known.backup)];
    for (name, passphrase) in of_device.map(|(name, passphrase)| (name, passphrase.expose())) {
        if !passphrase.is_empty() {
            logins.push((name.to_owned(), passphrase.as_bytes().to_vec()));
        }
    }
    for (user, passphrase) in &known.administrators {
        logins.push((user.to_string(), passphrase.expose().as_bytes().to_vec()));
    }
    let mut found = Vec::new();
    for (name, passphrase) in &logins {
        let passphrase = passphrase.trim_ascii_end();
        assert!(
            passphrase.len() > 12,
            "{name} is too short to be looked for"
        );
        let login = [name.as_bytes(), b":", passphrase].concat();
        found.push(hex::encode(passphrase).into_bytes());
        found.push(base64(&login));
        found.push(passphrase.to_vec());
    }
    found
}

/// As in HTTP's basic authentication, without the last group, which may be padded.
fn base64(octets: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three
            .iter()
            .fold(0, |bits, octet| bits << 8 | usize::from(*octet));
        [18, 12, 6, 0].map(|shift| DIGITS[bits >> shift & 63])
    };
    octets.chunks_exact(3).flat_map(group).collect()
}

#[track_caller]
fn expect_none(passphrases: &[Vec<u8>], text: &[u8], place: &str) {
    for secret in passphrases {
        let has_it = text.windows(secret.len()).any(|part| part == secret);
        assert!(!has_it, "a passphrase stands in {place}");
    }
}

/// All files below `folder`, without those that are there to hold passphrases.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if ["secrets", "enclave.json"]
            .iter()
            .any(|other| name == *other)
        {
            continue;
        }
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

/// A session of `signstar-sign` that tells all it does, without SSH.
fn talkative(story: &Story, with: Option<&Path>) -> Command {
    let sign = program("signstar-sign");
    let mut command = match with {
        None => story.command(&sign),
        Some(trace) => {
            let mut command = story.command(Path::new("strace"));
            let calls = "trace=write,writev,pwrite64,sendto,sendmsg,execve,openat";
            command.args(["-f", "-s", "1000000", "-e", calls, "-o"]);
            command.arg(trace).arg(sign);
            command
        }
    };
    command.env("SIGNSTAR_LOG", "debug");
    let config = story.home().join("signstar.toml");
    command.arg("--config").arg(config);
    command
}

#[test]
fn passphrases_are_nowhere_but_in_their_files() {
    let mut story = Story::begin();
    story.limit("request-seconds = 1");
    let secrets = passphrases(&story);
    let good = story.request("content").to_string();
    let input = format!("{good}{}{{", good.replace("1.0.0", "9.0.0"));
    let mut ways: Vec<&[&str]> = vec![
        &["--misbehave", "garbage"],
        &["--misbehave", "error"],
        &["--misbehave", "drop"],
        &["--misbehave", "wrong-signature"],
        &[],
    ];
    while let Some(way) = ways.pop() {
        story.restart_hsm(way);
        let mut session = talkative(&story, None);
        let told = Outcome::with_input(session.args(["--client", "client1"]), input.as_str());
        expect_none(&secrets, told.stdout.as_bytes(), "an answer");
        expect_none(&secrets, told.stderr.as_bytes(), "a complaint");
        let told = Outcome::of(talkative(&story, None).arg("self-test"));
        expect_none(&secrets, told.stdout.as_bytes(), "a self-test");
        expect_none(&secrets, told.stderr.as_bytes(), "a self-test");
    }
    // The device is another, or does not know the passphrase.
    story.restart_hsm(&[]);
    let path = story.home().join("secrets/client1");
    let right = fs::read(&path).expect("readable");
    fs::write(&path, "a passphrase of nobody").expect("written");
    let told = Outcome::with_input(story.ssh().arg("client1"), good.as_str());
    told.expect(3);
    let wrong = vec![b"a passphrase of nobody".to_vec()];
    fs::write(&path, right).expect("written");

    let mut all = Vec::new();
    files(story.path(), &mut all);
    assert!(all.len() > 10, "{all:?}");
    for path in all {
        let octets = fs::read(&path).unwrap_or_default();
        let place = path.display().to_string();
        expect_none(&secrets, &octets, &place);
        expect_none(&wrong, &octets, &place);
    }
    let journal = fs::read_to_string(story.home().join("journal")).expect("readable");
    for outcome in [
        "signed",
        "attempt-failed",
        "device-out-of-use",
        "session-ended",
    ] {
        assert!(journal.contains(outcome), "the journal told all: {outcome}");
    }
}

#[test]
fn other_users_of_the_host_see_no_passphrase() {
    let story = Story::begin();
    let secrets = passphrases(&story);
    let mut session = Session::open(story.ssh().arg("client1"));
    let request = story.request("content").to_string();
    session.write(&request).expect("open");
    session.read().expect("an answer");
    let server = servers(&story.home().join("signstar.toml"));
    let server = server.first().copied().expect("it runs");
    for name in ["cmdline", "environ"] {
        let octets = fs::read(format!("/proc/{server}/{name}")).expect("readable");
        assert!(!octets.is_empty());
        expect_none(&secrets, &octets, name);
    }
    session.finish().1.expect(0);
}

#[test]
fn no_passphrase_leaves_the_process_in_the_clear() {
    let story = Story::begin();
    if !is_installed("strace") {
        return;
    }
    let secrets = passphrases(&story);
    let request = story.request("content").to_string();
    let trace = story.path().join("trace");
    let mut session = talkative(&story, Some(&trace));
    let outcome = Outcome::with_input(session.args(["--client", "client1"]), request.as_str());
    if outcome.stderr.contains("ptrace") {
        crate::story::tell("SKIPPED: programs cannot be traced here");
        return;
    }
    outcome.expect(0);
    let told = fs::read(&trace).expect("a trace");
    let has = |what: &str| told.windows(what.len()).any(|part| part == what.as_bytes());
    // It saw the passphrase being fetched, and the answer being written.
    assert!(has("secrets/client1") && has("BEGIN PGP SIGNATURE"));
    expect_none(&secrets, &told, "what the process wrote");
}

#[test]
fn a_client_cannot_have_a_file_of_the_host() {
    let story = Story::begin();
    let secrets = passphrases(&story);
    let secret = story.home().join("secrets/client1");
    let secret = secret.display();
    let request = story.request("content").to_string();
    for command in [
        format!("cat {secret}"),
        format!("--config {secret}"),
        format!("signstar-sign --config {secret}"),
        format!("self-test --config {secret}"),
        format!("< {secret}"),
        format!("$(cat {secret})"),
        format!("man {secret}"),
    ] {
        let outcome = Outcome::with_input(story.ssh().args(["client1", "--", &command]), &*request);
        outcome.expect(0);
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:#?}");
        assert!(
            outcome.stdout.contains("BEGIN PGP SIGNATURE"),
            "{outcome:#?}"
        );
        expect_none(&secrets, outcome.stdout.as_bytes(), &command);
        expect_none(&secrets, outcome.stderr.as_bytes(), &command);
    }
}
