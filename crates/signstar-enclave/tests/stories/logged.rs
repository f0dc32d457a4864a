//! Every signature is in the public log before it leaves.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use signstar::{
    log::{Policy, Proof, Recorded},
    request::Sha512State,
    sign::{Certificate, Detached},
};

use crate::story::{GnuPg, Outcome, Story, is_installed, signature};

/// A request for `content` that asks for a proof and is called `id`.
fn request(story: &Story, content: &str, id: &str) -> Value {
    let mut request = story.request(content);
    request["version"] = json!("1.1.0");
    request["optional"]["id"] = json!(id);
    request["optional"]["proof"] = json!(true);
    request
}

/// What `client1` is answered over SSH.
fn answer(story: &Story, request: &Value) -> (Outcome, Value) {
    let outcome = Outcome::with_input(story.ssh().arg("client1"), request.to_string());
    let answer = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {outcome:#?}"));
    (outcome, answer)
}

/// The number of entries, as the public sees it.
fn size(story: &Story) -> u64 {
    let checkpoint = story.description().log.dir.join("checkpoint");
    let text = fs::read_to_string(checkpoint).expect("a checkpoint");
    let size = text.lines().nth(1).expect("a size");
    size.parse().expect("a number")
}

/// Where the client puts the proof of the signature of `file`.
fn proof_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.proof", signature(file).display()))
}

fn policy(story: &Story) -> Policy {
    let vkey = &story.description().log.vkey;
    Policy::of_log(vkey.parse().expect("a verifier key"))
}

fn state(content: &str) -> Sha512State {
    let hasher = <sha2::Sha512 as sha2::Digest>::new_with_prefix(content);
    Sha512State::from_hasher(&hasher).expect("a short file")
}

#[test]
fn no_log_no_signature() {
    let mut story = Story::begin();
    let file = story.file("file", "asked for when the log is gone");
    story.enclave().log().kill();
    let outcome = story.send("client1", &[&file]);
    outcome.expect(4);
    outcome.expect_complaint("log-unavailable");
    assert!(!signature(&file).exists());
    let (refused, answered) = answer(&story, &request(&story, "another", "r-1"));
    refused.expect(4);
    assert_eq!(answered["refusal"]["code"], "log-unavailable");
    assert_eq!(answered["refusal"]["retry"], true);
    assert_eq!(answered["id"], "r-1");
    for line in story.journal() {
        assert_eq!(line["outcome"], "log-unavailable", "{line}");
        let cause = line["cause"].as_str().expect("a cause");
        assert!(cause.contains("log.socket"), "{cause}");
        assert!(!outcome.stderr.contains(cause), "{outcome:#?}");
    }

    story.enclave().log().start_again().expect("started");
    story.send("client1", &[&file]).expect(0);
    GnuPg::knowing(&[story.certificate("client1")])
        .verify(&file)
        .expect("gpg accepts");
    // The first of the three was signed and not logged, so it was lost; the second was not signed.
    assert_eq!(size(&story), 1);
}

#[test]
fn the_same_id_twice_is_one_entry_and_one_hsm_operation() {
    let mut story = Story::begin();
    let asked = request(&story, "content", "build-4711.1");
    let (outcome, first) = answer(&story, &asked);
    outcome.expect(0);
    assert_eq!(size(&story), 1);

    // As after a lost connection; and with a log and a session that know of it from disk alone.
    story.enclave().log().kill();
    story.enclave().log().start_again().expect("started");
    // No HSM can have a part in this.
    story.enclave().hsm().stop();
    let (outcome, second) = answer(&story, &asked);
    outcome.expect(0);
    assert_eq!(second["signature"], first["signature"]);
    assert_eq!(second["id"], "build-4711.1");
    assert_eq!(size(&story), 1);

    let (outcome, other) = answer(&story, &request(&story, "else", "build-4711.1"));
    outcome.expect(3);
    assert_eq!(other["refusal"]["code"], "id-reused");
    assert_eq!(other["refusal"]["retry"], false);
    assert_eq!(size(&story), 1);
}

#[test]
fn a_proof_verifies_with_what_is_public() {
    let mut story = Story::begin();
    let (outcome, answered) = answer(&story, &request(&story, "content", "r-1"));
    outcome.expect(0);
    let policy = policy(&story);
    let certificate = fs::read(story.certificate("client1")).expect("readable");
    story.end_enclave();

    let text = answered["log"].as_str().expect("a proof");
    let recorded = Recorded::check(text, &policy).expect("it is in the log");
    let certificate = Certificate::parse(&certificate).expect("a certificate");
    let armored = answered["signature"].as_str().expect("text");
    let detached = Detached::from_armored(armored).expect("a signature");
    detached
        .verify(&certificate, &state("content"))
        .expect("the signature is one of the file");
    let entry = recorded.entry();
    assert!(entry.is_of(&detached));
    entry.verify(&certificate).expect("the entry is true");
    assert_eq!(entry.sha512(), Some(&state("content").digest()));
    assert_eq!(entry.client(), "client1");
    let name = entry.name().plain().expect("a name");
    assert_eq!(name.as_str(), "to-be-asked-for");
    let place = format!("{}#{}", recorded.origin(), recorded.index());
    let octets = detached.to_octets().expect("a packet");
    let says = octets.windows(place.len()).any(|it| it == place.as_bytes());
    assert!(says, "the signature says where it is");

    let other = text.replacen("index 0", "index 1", 1);
    Recorded::check(&other, &policy).expect_err("another place");
    let mut proof = Proof::parse(text.as_bytes()).expect("a proof").to_string();
    proof.truncate(proof.len() - 4);
    Recorded::check(&proof, &policy).expect_err("cut off");
}

#[test]
fn the_client_brings_the_proof_and_checks_it_offline() {
    let mut story = Story::begin();
    let files = [story.file("one", "one"), story.file("two", "two")];
    let vkey = story.description().log.vkey.clone();
    let send = |story: &Story, key: &str| {
        let mut sender = story.sender("client1");
        Outcome::of(sender.args(["--log-key", key, "--"]).args(&files))
    };
    send(&story, &vkey).expect(0);
    assert_eq!(size(&story), 2);
    // The key of another log: nothing is accepted, and what is there stays.
    let other = Story::begin().description().log.vkey.clone();
    let old = fs::read(signature(&files[0])).expect("there");
    let refused = send(&story, &other);
    refused.expect(5);
    refused.expect_complaint("in the log");
    assert_eq!(fs::read(signature(&files[0])).expect("there"), old);
    story.end_enclave();

    let policy = story.file("policy", format!("log {vkey}\nquorum none\n"));
    let verify = |option: &str, value: &OsStr| {
        let mut command = story.client_program("verify");
        command
            .arg("--certificate")
            .arg(story.certificate("client1"));
        Outcome::of(command.arg(option).arg(value).arg("--").args(&files))
    };
    let outcome = verify("--log-key", vkey.as_ref());
    outcome.expect(0);
    assert!(
        outcome.stdout.contains("entry 1 of signstar.example/log"),
        "{outcome:#?}"
    );
    verify("--log-policy", policy.as_os_str()).expect(0);
    verify("--log-key", other.as_ref()).expect(5);

    // The proof of one signature is not that of another.
    fs::copy(proof_of(&files[0]), proof_of(&files[1])).expect("copied");
    let mixed = verify("--log-key", vkey.as_ref());
    mixed.expect(5);
    mixed.expect_complaint("the proof is that of another signature");
    fs::remove_file(proof_of(&files[1])).expect("removed");
    let missing = verify("--log-key", vkey.as_ref());
    missing.expect(5);
    missing.expect_complaint("there is no proof");
}

#[test]
fn a_log_that_hides_names_tells_them_to_who_has_the_salt() {
    let story = Story::begin();
    story.reconfigure(|text| {
        text.replace("[log]\n", "[log]\nfile-names = \"commitment\"\n")
            .replace(
                "[client.\"client1\"]\n",
                "[client.\"client1\"]\nlog-name = \"c-7f3a\"\n",
            )
    });
    let file = story.file("embargoed-1.0.pkg.tar.zst", "content");
    let vkey = story.description().log.vkey.clone();
    let send = |arguments: &[&str]| {
        let mut sender = story.sender("client1");
        Outcome::of(sender.args(arguments).arg("--").arg(&file)).expect(0);
    };
    let verify = |file: &Path| {
        let mut command = story.client_program("verify");
        command
            .arg("--certificate")
            .arg(story.certificate("client1"));
        Outcome::of(command.args(["--log-key", &vkey]).arg("--").arg(file))
    };
    send(&["--name-salt", "--log-key", &vkey]);
    let text = fs::read_to_string(proof_of(&file)).expect("a proof");
    let policy = Policy::of_log(vkey.parse().expect("a key"));
    let entry = Recorded::check(&text, &policy)
        .expect("on record")
        .entry()
        .clone();
    assert_eq!(entry.client(), "c-7f3a");
    assert!(
        !String::from_utf8(entry.to_octets())
            .expect("text")
            .contains("embargoed")
    );
    let outcome = verify(&file);
    outcome.expect(0);
    assert!(outcome.stdout.contains("hides the name"), "{outcome:#?}");

    // Under another name it is not what was hidden.
    let renamed = story.file("another-1.0.pkg.tar.zst", "content");
    let salt_of = |file: &Path| PathBuf::from(format!("{}.name-salt", signature(file).display()));
    for path in [signature, proof_of, salt_of] {
        fs::copy(path(&file), path(&renamed)).expect("copied");
    }
    let outcome = verify(&renamed);
    outcome.expect(5);
    outcome.expect_complaint("does not hide the name");

    // What belongs to an earlier signature goes with it.
    send(&[]);
    assert!(!proof_of(&file).exists() && !salt_of(&file).exists());
    let line = story.journal().pop().expect("a line");
    assert_eq!(line["log"], "signstar.example/log#1");
    assert_eq!(line["client"], "client1");
}

#[test]
fn clients_that_know_nothing_of_a_log_get_signatures() {
    let story = Story::begin();
    let (outcome, answered) = answer(&story, &story.request("content"));
    outcome.expect(0);
    let members = answered.as_object().expect("an object");
    assert_eq!(members.keys().collect::<Vec<_>>(), ["signature", "version"]);
    assert_eq!(answered["version"], "1.0.0");
    assert_eq!(size(&story), 1);
}

#[test]
fn many_at_once_are_all_on_record() {
    let story = Story::begin();
    let files: Vec<_> = (0..40)
        .map(|number| story.file(format!("file-{number}"), number.to_string()))
        .collect();
    story.send("client1", &files).expect(0);
    assert_eq!(size(&story), 40);
}

/// What `read_log.py` says of the log and of the proofs of `files`: it shares no code with us.
fn read_independently(story: &Story, files: &[PathBuf]) -> Outcome {
    let log = &story.description().log;
    let mut reader = Command::new("python3");
    reader
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../spec/vectors/read_log.py"
        ))
        .arg(&log.dir)
        .arg(&log.vkey)
        .args(files.iter().map(|file| proof_of(file)))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Outcome::of(&mut reader)
}

#[test]
fn a_reader_that_shares_no_code_recomputes_the_log() {
    if !is_installed("python3") {
        return;
    }
    let story = Story::begin();
    let files: Vec<_> = (0..300)
        .map(|number| story.file(format!("file-{number}"), number.to_string()))
        .collect();
    let vkey = story.description().log.vkey.clone();
    let mut sender = story.sender("client1");
    Outcome::of(sender.args(["--log-key", &vkey, "--"]).args(&files)).expect(0);
    let some = [&files[..2], &files[255..257]].concat();
    let outcome = read_independently(&story, &some);
    outcome.expect(0);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("300 entries, root "), "{outcome:#?}");
    assert_eq!(lines.len(), 5);

    // It does not just say yes.
    let tile = story.description().log.dir.join("tile/0/000");
    let good = fs::read(&tile).expect("a full tile");
    let mut bad = good.clone();
    bad[8191] ^= 1;
    fs::write(&tile, bad).expect("written");
    let outcome = read_independently(&story, &[]);
    outcome.expect(1);
    outcome.expect_complaint("tile 0 of level 0 is another");
    fs::write(&tile, good).expect("written");
    fs::copy(proof_of(&files[0]), proof_of(&files[1])).expect("copied");
    read_independently(&story, &some).expect(0);
    let text = fs::read_to_string(proof_of(&files[0])).expect("a proof");
    fs::write(proof_of(&files[0]), text.replace("index ", "index 1")).expect("written");
    read_independently(&story, &some).expect(1);
}
