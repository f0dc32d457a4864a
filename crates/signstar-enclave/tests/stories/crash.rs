//! Power failures, and enclaves that are started again.

use std::{
    fs,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use signstar_enclave::{Enclave, Error};

use crate::story::{GnuPg, Outcome, Story, signature, started};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_hsm_that_dies_in_the_middle_leaves_no_half_signature() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:20"]);
    story.reconfigure(|text| text.replacen("\n\n", "\nlimits = { request-seconds = 1 }\n\n", 1));
    let files: Vec<PathBuf> = (0..300)
        .map(|n| story.file(format!("{n:03}"), format!("file {n}\n")))
        .collect();
    // What was signed and did not arrive is in the log all the same.
    let log = story.description().log.dir.clone();
    let count = |story: &Story| {
        let listing = story.listing();
        listing
            .keys()
            .filter(|path| !path.starts_with(&log))
            .count()
    };
    let before = count(&story);

    let running = started(story.sender("client1").args(&files));
    let end = Instant::now() + PATIENCE;
    let signed = || files.iter().filter(|file| signature(file).exists()).count();
    while signed() < 20 {
        assert!(Instant::now() < end, "nothing is signed");
        sleep(Duration::from_millis(5));
    }
    story.enclave().hsm().kill();
    let outcome = Outcome::of_started(running);
    outcome.expect(4);
    outcome.expect_complaint("hsm-unavailable");

    let (done, missing): (Vec<_>, Vec<_>) = files.iter().partition(|file| signature(file).exists());
    assert!(!missing.is_empty(), "the HSM died too late");
    story.check("client1", &done).expect(0);
    let whole = before + done.len();
    assert_eq!(count(&story), whole, "something else was left behind");

    story.restart_hsm(&[]);
    story.reconfigure(|text| text.replace("request-seconds = 1", "request-seconds = 60"));
    story.send("client1", &files).expect(0);
    story.check("client1", &files).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for file in [done[0], missing[0]] {
        gpg.verify(file).expect("gpg accepts");
    }
}

#[test]
fn an_enclave_that_is_started_again_has_the_same_keys() {
    let mut story = Story::begin();
    let certificate = fs::read(story.certificate("client1")).expect("there");
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    let file = story.file("file", "content");
    story.send("client1", &[&file]).expect(0);
    let old = gpg.verify(&file).expect("gpg accepts");

    story.end_enclave();
    assert!(!story.home().join("enclave.json").exists());
    story.send("client1", &[&file]).expect(4);
    gpg.verify(&file).expect("the old signature is untouched");

    story.start();
    assert_eq!(
        fs::read(story.certificate("client1")).expect("there"),
        certificate
    );
    let again = story.file("again", "more content");
    story.send("client1", &[&again]).expect(0);
    assert_eq!(gpg.verify(&again).expect("gpg accepts"), old);
    gpg.verify(&file).expect("the old signature holds");
}

#[test]
fn two_enclaves_do_not_share_a_folder() {
    let story = Story::begin();
    let second = Enclave::start(story.options()).expect_err("refused");
    assert!(matches!(second, Error::InUse(_)), "{second}");
    let file = story.file("file", "content");
    story.send("client1", &[&file]).expect(0);
}
