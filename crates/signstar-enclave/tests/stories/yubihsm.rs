//! An enclave whose keys are in a YubiHSM2, behind a connector.

use std::{
    fs,
    path::PathBuf,
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use signstar_enclave::{HsmKind, KeyType};

use crate::story::{GnuPg, Outcome, Story, packagers, program, signature, started};

fn begin(clients: &[(&str, KeyType)]) -> Story {
    Story::on(HsmKind::YubiHsmMock, packagers(clients)).expect("it is part of this workspace")
}

#[test]
fn a_connector_that_is_away_is_found_when_it_is_back() {
    let mut story = begin(&[("client1", KeyType::Curve25519)]);
    story.enclave().yubihsm_mock().kill();
    story.reconfigure(|text| text.replacen("\n\n", "\nlimits = { request-seconds = 1 }\n\n", 1));
    let file = story.file("file", "content");
    let told = story.send("client1", &[&file]);
    told.expect(4);
    told.expect_complaint("hsm-unavailable");
    assert!(!signature(&file).exists());
    let line = story.journal().pop().expect("a line");
    let cause = line["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("the connector cannot be reached"), "{line}");
    let connector = story.enclave().yubihsm_mock();
    connector.start_again().expect("started");
    story.send("client1", &[&file]).expect(0);
}

#[test]
fn a_connector_that_is_killed_under_load_costs_nothing_but_time() {
    let mut story = begin(&[("client1", KeyType::EcP256)]);
    let files: Vec<PathBuf> = (0..400)
        .map(|number| story.file(format!("{number}"), format!("content {number}")))
        .collect();
    let running = started(story.sender("client1").args(&files));
    let end = Instant::now() + Duration::from_secs(120);
    for wanted in [20, 120, 220] {
        while story.journal().len() < wanted && Instant::now() < end {
            sleep(Duration::from_millis(5));
        }
        let connector = story.enclave().yubihsm_mock();
        connector.kill();
        connector.start_again().expect("started");
    }
    Outcome::of_started(running).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &files {
        gpg.verify(file).expect("gpg accepts");
    }
}

#[test]
fn a_wrong_passphrase_is_refused_until_it_is_right() {
    let story = begin(&[("client1", KeyType::Curve25519)]);
    let path = story.home().join("secrets/client1");
    let right = fs::read_to_string(&path).expect("a passphrase");
    fs::write(&path, "not the passphrase").expect("written");
    let file = story.file("file", "content");
    let told = story.send("client1", &[&file]);
    told.expect(3);
    // The cause is for the journal.
    assert!(!told.stderr.contains("passphrase"), "{told:#?}");
    assert!(!signature(&file).exists());
    let line = story.journal().pop().expect("a line");
    let cause = line["cause"].as_str().unwrap_or_default();
    assert!(
        cause.contains("not that of the authentication key"),
        "{line}"
    );
    assert!(!line.to_string().contains("not the passphrase"), "{line}");
    fs::write(&path, right).expect("written");
    story.send("client1", &[&file]).expect(0);
}

#[test]
fn a_client_cannot_use_the_key_of_another() {
    let story = begin(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ]);
    // As if the administrator had mixed the keys up: the operator of the one does not see that of the other.
    story.reconfigure(|text| text.replacen("id = \"client1\"", "id = \"client2\"", 1));
    let file = story.file("file", "content");
    story.send("client1", &[&file]).expect(3);
    assert!(!signature(&file).exists());
    let line = story.journal().pop().expect("a line");
    let cause = line["cause"].as_str().unwrap_or_default();
    assert!(
        cause.contains("no asymmetric key with this label"),
        "{line}"
    );
    story.send("client2", &[&file]).expect(0);
}

#[test]
fn a_backup_is_downloaded_and_brings_the_keys_back() {
    let clients = [
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::EcP384),
    ];
    let mut story = begin(&clients);
    let mut ssh = story.ssh();
    ssh.arg("backup").stdin(Stdio::null());
    let fetched = ssh.output().expect("ssh runs");
    assert!(fetched.status.success(), "{fetched:?}");
    let path = story.path().join("fetched.backup");
    fs::write(&path, &fetched.stdout).expect("written");
    let path = path.to_str().expect("text");
    let told = story.configure(&["backup", "verify", path]);
    told.expect(0);
    assert!(told.stdout.contains("all keys among them"), "{told:#?}");

    // The device is lost, and another one is plugged in.
    story.enclave().yubihsm_mock().kill();
    fs::remove_file(story.home().join("hsm/yubihsm-mock.json")).expect("there");
    story
        .enclave()
        .yubihsm_mock()
        .start_again()
        .expect("started");
    let device = ["restore", "--device", "yubihsm:0012345678", path];
    story.configure(&device).expect(0);
    story.configure(&["hsm", "plan"]).expect(0);
    let gpg = GnuPg::knowing(&clients.map(|(client, _)| story.certificate(client)));
    for (client, _) in clients {
        let file = story.file(client, "content");
        story.send(client, &[&file]).expect(0);
        gpg.verify(&file).expect("gpg accepts");
    }
}

#[test]
fn every_signature_under_load_is_in_the_log_of_the_device() {
    let story = begin(&[("client1", KeyType::Curve25519)]);
    let auditor = story.home().join("secrets/auditor");
    story.reconfigure(|text| {
        let serial = "serial = \"0012345678\"\n";
        let auditor = format!(
            "auditor = {{ operator = \"51\", passphrase = {{ file = {:?} }} }}\n",
            auditor.display().to_string()
        );
        text.replacen(serial, &format!("{serial}{auditor}"), 1)
    });
    story.configure(&["hsm", "apply"]).expect(0);
    let mut follower = story.command(&program("signstar-configure"));
    follower
        .args(["hsm", "audit", "--follow", "--config"])
        .arg(story.home().join("signstar.toml"))
        .stdout(Stdio::null());
    let mut follower = follower.spawn().expect("it runs");
    // Five times as many as there is room for.
    let files: Vec<PathBuf> = (0..300)
        .map(|number| story.file(format!("{number}"), format!("content {number}")))
        .collect();
    story.send("client1", &files).expect(0);
    follower.kill().expect("ours");
    follower.wait().expect("ours");
    story.configure(&["hsm", "audit"]).expect(0);
    let log = fs::read_to_string(story.home().join("secrets/administration/log-main"));
    let log = log.expect("kept");
    assert!(!log.contains("entries are missing"), "{log}");
    let signatures = log.matches("\"command\":106,").count();
    assert!(signatures >= files.len(), "{signatures}");
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &files {
        gpg.verify(file).expect("gpg accepts");
    }
}
