//! Clients of the same wire format that others have written.

use std::{fs, process::Command};

use crate::story::{GnuPg, Outcome, Story, is_installed, tell};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/strangers.py");

#[test]
fn a_client_that_only_knows_the_specification_gets_signatures() {
    if !is_installed("python3") {
        tell("SKIPPED: the client in strangers.py");
        return;
    }
    let story = Story::begin();
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    for length in [0, 127, 128, 1000] {
        for layout in ["208", "210"] {
            let content: Vec<u8> = (0..=250).cycle().take(length).collect();
            let file = story.file("file", content);
            let mut python = Command::new("python3");
            python.arg(CLIENT).arg(story.home().join("enclave.json"));
            let outcome = Outcome::of(python.arg("client1").arg(&file).arg(layout));
            outcome.expect(0);
            let signature = story.file("file.asc", &outcome.stdout);
            gpg.verify_as(&file, &signature).expect("gpg accepts");
        }
    }
}

#[test]
fn the_host_key_stands_as_ssh_keyscan_writes_it() {
    // Clients that compare the whole entry do not find a key with a comment behind it.
    let story = Story::begin();
    let entry = &story.description().ssh;
    let known = fs::read_to_string(&entry.known_hosts).expect("readable");
    let mut scan = Command::new("ssh-keyscan");
    scan.args(["-t", "ed25519", "-p", &entry.port.to_string(), &entry.host]);
    let scanned = Outcome::of(&mut scan);
    scanned.expect(0);
    let keys = scanned.stdout.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(known.lines().collect::<Vec<_>>(), keys.collect::<Vec<_>>());
}
