//! The program `signstar-enclave`, as a person runs it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use signstar_enclave::KeyType;
use tempfile::TempDir;

use crate::story::{GnuPg, Outcome, a_folder, program, signature, started};

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for an enclave, and a file beside it.
struct Sandbox {
    folder: TempDir,
}

/// `signstar-enclave up`, ended when it is dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            signal(self, Signal::SIGTERM);
        }
        let _ = self.0.wait();
    }
}

impl Sandbox {
    fn new() -> Self {
        program("softnethsm");
        program("signstar-sign");
        program("signstar-request-signature");
        Self { folder: a_folder() }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("enclave")
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, name).expect("written");
        path
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signstar-enclave"));
        command.arg(verb).arg("--dir").arg(self.dir());
        command
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// Starts an enclave and waits until it says that it is ready.
    fn up(&self) -> Up {
        let mut up = Up(started(self.command("up").stdin(Stdio::null())));
        let mut line = String::new();
        let mut stdout = BufReader::new(up.0.stdout.take().expect("a pipe"));
        stdout.read_line(&mut line).expect("readable");
        if !line.contains("enclave.json") {
            let mut stderr = String::new();
            let _ =
                up.0.stderr
                    .take()
                    .expect("a pipe")
                    .read_to_string(&mut stderr);
            panic!("{line}{stderr}");
        }
        up
    }

    fn description(&self) -> Value {
        let json = fs::read(self.dir().join("enclave.json")).expect("there");
        serde_json::from_slice(&json).expect("JSON")
    }

    fn sign(&self, file: &Path) {
        Outcome::of(self.command("sign").arg(file)).expect(0);
        let certificate = self.dir().join("certificates/client1.pgp");
        GnuPg::knowing(&[certificate])
            .verify(file)
            .expect("gpg accepts");
    }

    /// The command lines of all processes that name this folder.
    fn processes(&self) -> Vec<String> {
        let processes = fs::read_dir("/proc").expect("there").flatten();
        processes
            .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(&*self.dir().to_string_lossy()))
            .collect()
    }

    /// Whether a client is being served.
    fn has_session(&self) -> bool {
        let program = program("signstar-sign");
        let program = program.to_string_lossy();
        self.processes()
            .iter()
            .any(|line| line.starts_with(&*program))
    }

    /// Waits until `count` processes name this folder: who answers a connection is one more for
    /// a moment.
    #[track_caller]
    fn are_left(&self, count: usize) {
        let end = Instant::now() + PATIENCE;
        while self.processes().len() != count {
            let processes = self.processes();
            assert!(Instant::now() < end, "not {count}: {processes:#?}");
            sleep(Duration::from_millis(10));
        }
    }

    #[track_caller]
    fn is_quiet(&self) {
        self.are_left(0);
    }
}

fn signal(up: &Up, signal: Signal) {
    let pid = i32::try_from(up.0.id()).expect("a pid");
    kill(Pid::from_raw(pid), signal).expect("sent");
}

#[test]
fn files_are_signed_with_and_without_a_running_enclave() {
    let sandbox = Sandbox::new();
    let alone = sandbox.file("signed by an enclave of its own");
    sandbox.sign(&alone);
    sandbox.is_quiet();
    assert!(!sandbox.dir().join("enclave.json").exists());
    let key = fs::read(sandbox.dir().join("certificates/client1.pgp")).expect("there");

    let mut up = sandbox.up();
    let port = sandbox.description()["ssh"]["port"].clone();
    sandbox.sign(&sandbox.file("signed by one that runs"));
    assert_eq!(
        sandbox.description()["ssh"]["port"],
        port,
        "it is the same enclave"
    );
    assert!(up.0.try_wait().expect("known").is_none());
    assert_eq!(
        fs::read(sandbox.dir().join("certificates/client1.pgp")).expect("there"),
        key
    );

    let missing = sandbox.folder.path().join("missing");
    let good = sandbox.file("good");
    let outcome = Outcome::of(sandbox.command("sign").arg(&missing).arg(&good));
    outcome.expect(1);
    outcome.expect_complaint("missing");
    assert!(signature(&good).exists());
}

#[test]
fn sigterm_ends_everything_that_was_started() {
    let sandbox = Sandbox::new();
    let mut up = sandbox.up();
    // A client that is connected and silent does not hold it up.
    let mut ssh = Command::new(sandbox.dir().join("ssh/connect"));
    let mut client = started(ssh.arg("client1").stdin(Stdio::piped()));
    let end = Instant::now() + PATIENCE;
    while !sandbox.has_session() {
        assert!(Instant::now() < end, "no session");
        sleep(Duration::from_millis(10));
    }
    signal(&up, Signal::SIGTERM);
    assert_eq!(up.0.wait().expect("an end").code(), Some(0));
    assert!(!sandbox.has_session());
    assert!(!sandbox.dir().join("enclave.json").exists());
    drop(client.stdin.take());
    client.wait().expect("an end");
    sandbox.is_quiet();
}

#[test]
fn what_a_killed_enclave_left_behind_is_ended_by_the_next() {
    let sandbox = Sandbox::new();
    let mut up = sandbox.up();
    let bystander = Sandbox::new();
    let mut neighbour = bystander.up();
    signal(&up, Signal::SIGKILL);
    up.0.wait().expect("an end");
    // All but `up` go on.
    sandbox.are_left(3);
    let old = sandbox.description()["ssh"]["port"].clone();

    let mut next = sandbox.up();
    // Each of the three is there once, and so is `up`.
    sandbox.are_left(4);
    assert_ne!(sandbox.description()["ssh"]["port"], old);
    sandbox.sign(&sandbox.file("file"));
    assert!(neighbour.0.try_wait().expect("known").is_none());
    bystander.sign(&bystander.file("of the neighbour"));

    signal(&next, Signal::SIGTERM);
    assert_eq!(next.0.wait().expect("an end").code(), Some(0));
    sandbox.is_quiet();
    signal(&neighbour, Signal::SIGINT);
    assert_eq!(neighbour.0.wait().expect("an end").code(), Some(0));
    bystander.is_quiet();
}

#[test]
fn a_second_enclave_in_the_same_folder_is_refused() {
    let sandbox = Sandbox::new();
    let _up = sandbox.up();
    let outcome = Outcome::of(&mut sandbox.command("up"));
    outcome.expect(1);
    outcome.expect_complaint("another process runs an enclave in");
    outcome.expect_complaint("hint: ");
    sandbox.sign(&sandbox.file("file"));
}

#[test]
fn an_enclave_that_loses_a_program_ends() {
    let sandbox = Sandbox::new();
    let mut up = sandbox.up();
    let data = sandbox.dir().join("hsm");
    let hsm = fs::read_dir("/proc")
        .expect("there")
        .flatten()
        .find_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let is_hsm = line.split('\0').any(|word| Path::new(word) == data);
            is_hsm
                .then(|| entry.file_name().to_str()?.parse().ok())
                .flatten()
        });
    kill(Pid::from_raw(hsm.expect("the HSM")), Signal::SIGKILL).expect("sent");
    assert_eq!(up.0.wait().expect("an end").code(), Some(1));
    sandbox.is_quiet();
}

#[test]
fn every_kind_that_one_key_can_make_is_there_to_be_tried() {
    let sandbox = Sandbox::new();
    // As it was before there were others than packages.
    let old = signstar_enclave::Options {
        folder: sandbox.dir(),
        clients: vec![signstar_enclave::Client::new(
            "client1",
            KeyType::Curve25519,
        )],
    };
    drop(signstar_enclave::Enclave::start(&old).expect("it starts"));
    let _up = sandbox.up();
    let file = sandbox.file("file");
    let send = |kind: &str, anchor: &str| {
        let mut send = Command::new(program("signstar-request-signature"));
        send.args(["send", "--patience", "0", "--to", "client1", "--ssh"])
            .arg(sandbox.dir().join("ssh/connect"))
            .args(["--output-type", kind, "--certificate"])
            .arg(sandbox.dir().join("certificates").join(anchor))
            .arg(&file)
            .env("HOME", sandbox.folder.path());
        Outcome::of(&mut send)
    };
    for (kind, anchor, suffix) in [
        ("OpenPGPv4", "client1.pgp", "sig"),
        ("OpenPGPv6", "client1-v6.pgp", "sig"),
        ("SSHSIG", "client1.pub", "sshsig"),
    ] {
        send(kind, anchor).expect(0);
        let written = file.with_extension(suffix);
        fs::remove_file(written).expect("there");
    }
    // The key that makes them must not make raw ones.
    let refused = send("raw", "client1.pub");
    refused.expect(3);
    refused.expect_complaint("not-permitted");
}
