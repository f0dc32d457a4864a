//! Passphrases that are changed while everybody signs.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use signstar_enclave::KeyType;

use crate::story::{GnuPg, Story, signature};

/// How many files go through each of the long sessions.
const FILES: usize = 2_000;
/// Clients that open a connection for each file.
const CALLERS: usize = 3;

fn passphrase(story: &Story, name: &str) -> Vec<u8> {
    fs::read(story.home().join("secrets").join(name)).expect("readable")
}

#[test]
fn while_passphrases_are_changed_nobody_is_refused() {
    let story = Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::EcP256),
    ]);
    let mut seen = BTreeSet::from([passphrase(&story, "client1")]);
    let administrators = story.home().join("secrets/administration/hsm-main");
    let first = fs::read(&administrators).expect("readable");
    let files: Vec<PathBuf> = (0..FILES)
        .map(|n| story.file(format!("{n:04}.pkg.tar.zst"), format!("package {n}\n")))
        .collect();

    let over = AtomicBool::new(false);
    let calls: usize = thread::scope(|scope| {
        let long = scope.spawn(|| {
            // One after the other: each session has its passphrase changed under it.
            let mut times = 0;
            while !over.load(Ordering::Relaxed) || times == 0 {
                for file in &files {
                    let _ = fs::remove_file(signature(file));
                }
                story.send("client1", &files).expect(0);
                times += 1;
            }
        });
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (story, over) = (&story, &over);
                scope.spawn(move || {
                    let client = ["client1", "client2"][caller % 2];
                    let mut calls = 0;
                    while !over.load(Ordering::Relaxed) {
                        let file = story.file(format!("{caller}-{calls}"), "a file\n");
                        story.send(client, &[&file]).expect(0);
                        story.check(client, &[&file]).expect(0);
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        for change in 0..4 {
            story.configure(&["rotate"]).expect(0);
            let new = passphrase(&story, "client1");
            assert!(seen.insert(new), "change {change} made a new passphrase");
        }
        story.configure(&["rotate", "--administrators"]).expect(0);
        story.configure(&["hsm", "plan"]).expect(0);
        over.store(true, Ordering::Relaxed);
        long.join().expect("all were signed");
        let calls = callers.into_iter().map(thread::ScopedJoinHandle::join);
        calls.map(|calls| calls.expect("all were signed")).sum()
    });

    assert!(calls >= CALLERS, "they were answered meanwhile");
    assert_ne!(fs::read(&administrators).expect("readable"), first);
    story.check("client1", &files).expect(0);
    let gpg = GnuPg::knowing(&[story.certificate("client1")]);
    gpg.verify(&files[FILES - 1]).expect("gpg accepts");
    let outcomes: BTreeSet<String> = story
        .journal()
        .iter()
        .filter_map(|line| line["outcome"].as_str().map(str::to_owned))
        .collect();
    let good = ["signed", "attempt-failed", "session-ended"].map(str::to_owned);
    assert!(outcomes.is_subset(&BTreeSet::from(good)), "{outcomes:?}");

    // What was known before is of no use: the HSM has the newest, and the old are nowhere.
    story.configure(&["backup", "verify"]).expect(0);
    let left = fs::read_dir(story.home().join("secrets")).expect("a folder");
    let left = left.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().starts_with("client1"))
        .collect();
    assert_eq!(left, ["client1"]);
}
