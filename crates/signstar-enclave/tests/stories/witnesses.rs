//! Keys whose signatures leave only when witnesses have seen them in the log.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story, program, signature};

/// `signstar-log witness`. It is killed when this is dropped.
struct Witness {
    name: &'static str,
    vkey: String,
    address: String,
    process: Option<Child>,
}

impl Witness {
    fn of(story: &Story, name: &'static str) -> Self {
        let key = story.path().join(format!("{name}.key"));
        let mut command = Command::new(program("signstar-log"));
        command.args(["key", "generate"]).arg(key);
        let made = Outcome::of(command.args(["--witness", name]));
        made.expect(0);
        let mut witness = Self {
            name,
            vkey: made.stdout.trim().to_owned(),
            address: "127.0.0.1:0".to_owned(),
            process: None,
        };
        witness.start(story);
        witness
    }

    fn start(&mut self, story: &Story) {
        let mut child = Command::new(program("signstar-log"))
            .args(["witness", "--listen", &self.address, "--log"])
            .arg(&story.description().log.vkey)
            .arg("--key")
            .arg(story.path().join(format!("{}.key", self.name)))
            .arg("--dir")
            .arg(story.path().join(format!("{}.seen", self.name)))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        let (_, address) = line.trim_end().split_once("http://").expect("it listens");
        self.address = address.to_owned();
        self.process = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().expect("own child");
            child.wait().expect("own child");
        }
    }

    fn line(&self) -> String {
        let Self {
            name,
            vkey,
            address,
            ..
        } = self;
        format!("witness {name} {vkey} http://{address}\n")
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop();
    }
}

fn demand(story: &Story, client: &str, policy: &Path) {
    let section = format!("[key.\"{client}\"]\n");
    story.reconfigure(|text| {
        assert!(text.contains(&section), "{text}");
        text.replace(&section, &format!("{section}log-policy = {policy:?}\n"))
    });
}

#[test]
fn a_key_that_demands_witnesses_waits_for_them_and_another_does_not() {
    let mut story = Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ]);
    let (one, mut two) = (Witness::of(&story, "one"), Witness::of(&story, "two"));
    let log = format!("log {}\n", story.description().log.vkey);
    let known = log + &one.line() + &two.line() + "group both all one two\n";
    let whatever = story.file("whatever", format!("{known}quorum none\n"));
    let both = story.file("both", format!("{known}quorum both\n"));
    let policy = whatever.to_str().expect("text");
    let serve = ["--witness-policy", policy, "--witness-seconds", "5"];
    let again = story.enclave().log().start_again_with(&serve);
    again.expect("started");
    demand(&story, "client1", &both);

    let vkey = story.description().log.vkey.clone();
    let send = |story: &Story, client: &str, file: &Path| {
        let mut sender = story.sender(client);
        Outcome::of(sender.args(["--log-key", &vkey, "--"]).arg(file))
    };
    let seen = story.file("seen", "by both");
    send(&story, "client1", &seen).expect(0);
    GnuPg::knowing(&[story.certificate("client1")])
        .verify(&seen)
        .expect("gpg accepts");
    let verify = |story: &Story, client: &str, policy: &Path, file: &Path| {
        let mut command = story.client_program("verify");
        command.arg("--certificate").arg(story.certificate(client));
        Outcome::of(command.arg("--log-policy").arg(policy).arg("--").arg(file))
    };
    verify(&story, "client1", &both, &seen).expect(0);

    two.stop();
    let late = story.file("late", "seen by one");
    let refused = send(&story, "client1", &late);
    refused.expect(4);
    refused.expect_complaint("log-unavailable");
    assert!(!signature(&late).exists());
    let cause = story.journal().pop().expect("a line")["cause"].clone();
    let cause = cause.as_str().expect("text");
    assert!(cause.contains("lacks cosignatures of witnesses"), "{cause}");

    // Whoever demands nothing is served meanwhile, and who reads the proof later may demand more.
    let urgent = story.file("urgent", "seen by whoever is there");
    send(&story, "client2", &urgent).expect(0);
    verify(&story, "client2", &whatever, &urgent).expect(0);
    let few = verify(&story, "client2", &both, &urgent);
    few.expect(5);
    few.expect_complaint("lacks cosignatures of witnesses");

    two.start(&story);
    let mut sender = story.client_program("send");
    sender.arg("--ssh").arg(story.home().join("ssh/connect"));
    sender.args(["--patience", "60", "--to", "client1", "--certificate"]);
    sender.arg(story.certificate("client1"));
    sender.args(["--log-key", &vkey, "--"]).arg(&late);
    Outcome::of(&mut sender).expect(0);
    verify(&story, "client1", &both, &late).expect(0);

    // A policy that is gone is no licence.
    fs::remove_file(&both).expect("removed");
    let blind = story.send("client1", &[&story.file("blind", "blind")]);
    blind.expect(3);
    blind.expect_complaint("misconfigured");
}

/// The enclave demands no witnesses; its client does.
#[test]
fn a_client_keeps_no_signature_that_its_witnesses_have_not_seen() {
    let mut story = Story::begin();
    let (one, mut two) = (Witness::of(&story, "one"), Witness::of(&story, "two"));
    let log = format!("log {}\n", story.description().log.vkey);
    let known = log + &one.line() + &two.line() + "group both all one two\n";
    let whatever = story.file("whatever", format!("{known}quorum none\n"));
    let both = story.file("both", format!("{known}quorum both\n"));
    let policy = whatever.to_str().expect("text");
    let serve = ["--witness-policy", policy, "--witness-seconds", "5"];
    let again = story.enclave().log().start_again_with(&serve);
    again.expect("started");
    let entries = |story: &Story| {
        let log = &story.description().log;
        let mut show = Command::new(program("signstar-log"));
        show.arg("show").arg(&log.dir).args(["--vkey", &log.vkey]);
        let shown = Outcome::of(show.args(["--output", "json"]));
        shown.stdout.lines().count()
    };
    let send = |story: &Story, patience: &str, file: &Path| {
        let mut sender = story.client_program("send");
        sender.arg("--ssh").arg(story.home().join("ssh/connect"));
        sender.args(["--to", "client1", "--patience", patience]);
        sender
            .arg("--certificate")
            .arg(story.certificate("client1"));
        sender.arg("--log-policy").arg(&both).arg(file);
        sender
    };

    two.stop();
    let late = story.file("late", "seen by one");
    let unseen = Outcome::of(&mut send(&story, "1", &late));
    unseen.expect(5);
    unseen.expect_complaint("lacks cosignatures of witnesses");
    unseen.expect_complaint("hint: witnesses may be away, or slow");
    assert!(!signature(&late).exists());
    assert_eq!(entries(&story), 1);

    // It asks again for the same until they have, and the enclave signs once for that.
    let asking = send(&story, "60", &late)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    two.start(&story);
    let asked = asking.wait_with_output().expect("own child");
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    assert_eq!(entries(&story), 2);
    let verify = |file: &Path| {
        let mut command = story.client_program("verify");
        let certificate = story.certificate("client1");
        command.arg("--certificate").arg(certificate);
        Outcome::of(command.arg("--log-policy").arg(&both).arg("--").arg(file))
    };
    verify(&late).expect(0);
    // What has them already is left alone; a policy that is none signs nothing.
    let mut again = send(&story, "60", &late);
    Outcome::of(again.arg("--skip-existing")).expect(0);
    assert_eq!(entries(&story), 2);
    fs::write(&both, "quorum\n").expect("own file");
    let none = story.file("none", "none");
    Outcome::of(&mut send(&story, "0", &none)).expect(1);
    assert_eq!(entries(&story), 2);
}

#[test]
fn an_enclave_set_back_to_a_snapshot_does_not_sign() {
    let mut story = Story::begin();
    let one = Witness::of(&story, "one");
    let log = format!("log {}\n", story.description().log.vkey);
    let policy = story.file("policy", log + &one.line() + "quorum one\n");
    let serve = ["--witness-policy", policy.to_str().expect("text")];
    story
        .enclave()
        .log()
        .start_again_with(&serve)
        .expect("started");
    let file = story.file("before", "before");
    story.send("client1", &[&file]).expect(0);
    story.enclave().log().stop();
    let home = story.home().to_owned();
    let copy = |from: &str, to: &str| {
        let (from, to) = (home.join(from), home.join(to));
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.expect("cp").success());
    };
    copy("log", "snapshot");
    copy("log.state", "snapshot.state");
    story
        .enclave()
        .log()
        .start_again_with(&serve)
        .expect("started");
    story
        .send("client1", &[&story.file("lost", "lost")])
        .expect(0);
    story.enclave().log().stop();
    for name in ["", ".state"] {
        let log = story.home().join(format!("log{name}"));
        fs::remove_dir_all(&log).expect("a folder");
        fs::rename(story.home().join(format!("snapshot{name}")), log).expect("a folder");
    }
    let refused = story.enclave().log().start_again_with(&serve);
    let reason = refused.expect_err("the witness knows better").to_string();
    assert!(
        reason.contains("has seen 2 entries of this log, and now there are 1"),
        "{reason}"
    );
    let after = story.send("client1", &[&story.file("after", "after")]);
    after.expect(4);
    after.expect_complaint("log-unavailable");
}
