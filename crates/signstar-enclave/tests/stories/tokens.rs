//! An enclave whose keys are in a device of its host: on a token, or in a YubiHSM2.

use std::{
    fs,
    path::PathBuf,
    thread::{self, sleep},
    time::{Duration, Instant},
};

use signstar_enclave::{HsmKind, KeyType};

use crate::story::{GnuPg, Outcome, Story, packagers, signature, started};

/// The kinds of HSM that belong to one host.
const KINDS: [HsmKind; 2] = [HsmKind::SoftHsm2, HsmKind::YubiHsmMock];

fn with_token(clients: &[(&str, KeyType)]) -> Option<Story> {
    Story::on(HsmKind::SoftHsm2, packagers(clients))
}

#[test]
fn clients_with_one_device_do_not_wait_for_each_other() {
    for kind in KINDS {
        do_not_wait(kind);
    }
}

fn do_not_wait(kind: HsmKind) {
    let names = ["client1", "client2", "client3"];
    let clients = names.map(|name| (name, KeyType::EcP256));
    let Some(story) = Story::on(kind, packagers(&clients)) else {
        return;
    };
    let files = names.map(|client| {
        let file = |number| story.file(format!("{client}-{number}"), format!("{client} {number}"));
        (0..40).map(file).collect::<Vec<PathBuf>>()
    });
    thread::scope(|scope| {
        for (client, files) in names.iter().zip(&files) {
            let story = &story;
            scope.spawn(move || story.send(client, files).expect(0));
        }
    });
    for (client, files) in names.iter().zip(&files) {
        let gpg = GnuPg::knowing(&[story.certificate(client)]);
        for file in files {
            gpg.verify(file).expect("gpg accepts");
        }
    }
}

#[test]
fn an_enclave_is_started_again_with_its_keys() {
    for kind in KINDS {
        is_started_again(kind);
    }
}

fn is_started_again(kind: HsmKind) {
    let Some(mut story) = Story::on(kind, packagers(&[("client1", KeyType::Curve25519)])) else {
        return;
    };
    let certificate = fs::read(story.certificate("client1")).expect("a certificate");
    story.end_enclave();
    story.start();
    assert_eq!(
        fs::read(story.certificate("client1")).expect("there"),
        certificate
    );
    let file = story.file("file", "content");
    story.send("client1", &[&file]).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    gpg.verify(&file).expect("gpg accepts");
}

#[test]
fn a_wrong_pin_is_tried_once_whoever_connects() {
    let Some(story) = with_token(&[("client1", KeyType::Curve25519)]) else {
        return;
    };
    let pin = story.home().join("secrets/pin");
    let right = fs::read_to_string(&pin).expect("a PIN");
    fs::write(&pin, "not the PIN").expect("written");
    let file = story.file("file", "content");
    for _ in 0..3 {
        let told = story.send("client1", &[&file]);
        told.expect(3);
        // The cause is for the journal.
        assert!(!told.stderr.contains("PIN"), "{told:#?}");
        assert!(!signature(&file).exists());
    }
    let causes: Vec<String> = (story.journal().iter())
        .map(|line| line["cause"].to_string())
        .collect();
    assert!(causes[0].contains("does not take the PIN"), "{causes:?}");
    let known = |cause: &String| cause.contains("has called the PIN wrong before");
    assert!(causes[1..].iter().all(known), "{causes:?}");
    fs::write(&pin, right).expect("written");
    story.send("client1", &[&file]).expect(0);
}

#[test]
fn a_token_that_is_away_is_found_when_it_is_back() {
    let Some(story) = with_token(&[("client1", KeyType::Curve25519)]) else {
        return;
    };
    let [tokens, away] = ["hsm/tokens", "hsm/away"].map(|name| story.home().join(name));
    fs::rename(&tokens, &away).expect("moved");
    fs::create_dir(&tokens).expect("a folder");
    story.reconfigure(|text| text.replacen("\n\n", "\nlimits = { request-seconds = 1 }\n\n", 1));
    let file = story.file("file", "content");
    let told = story.send("client1", &[&file]);
    told.expect(4);
    told.expect_complaint("hsm-unavailable");
    let line = story.journal().pop().expect("a line");
    let cause = line["cause"].as_str().unwrap_or_default();
    // The last try may have had too little time to find out.
    let told = ["the token is not there", "does not answer in time"];
    assert!(told.iter().any(|why| cause.contains(why)), "{line}");
    fs::remove_dir(&tokens).expect("empty");
    fs::rename(&away, &tokens).expect("moved");
    story.send("client1", &[&file]).expect(0);
}

#[test]
fn a_token_that_is_taken_away_under_load_costs_nothing_but_time() {
    let Some(story) = with_token(&[("client1", KeyType::EcP256)]) else {
        return;
    };
    let files: Vec<PathBuf> = (0..300)
        .map(|number| story.file(format!("{number}"), format!("content {number}")))
        .collect();
    let running = started(story.sender("client1").args(&files));
    let [tokens, away] = ["hsm/tokens", "hsm/away"].map(|name| story.home().join(name));
    let end = Instant::now() + Duration::from_secs(120);
    for wanted in [20, 100, 180] {
        while story.journal().len() < wanted && Instant::now() < end {
            sleep(Duration::from_millis(5));
        }
        fs::rename(&tokens, &away).expect("moved");
        fs::create_dir(&tokens).expect("a folder");
        sleep(Duration::from_millis(300));
        fs::remove_dir(&tokens).expect("empty");
        fs::rename(&away, &tokens).expect("moved");
    }
    Outcome::of_started(running).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in &files {
        gpg.verify(file).expect("gpg accepts");
    }
}
