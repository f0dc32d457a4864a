//! The writer is killed at every step of a commit, under load, again and again.

use std::{
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    room::{Room, entry},
    witnesses::{Witness, policy, serve},
};

/// The steps of a commit.
const STEPS: u8 = 7;

/// How often each step is crashed at; the long form is asked for with `CRASH_ROUNDS`.
fn rounds() -> u64 {
    let asked = std::env::var("CRASH_ROUNDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn what_was_handed_out_is_in_the_log_whenever_it_is_killed() {
    let room = Room::new();
    crash(&room, &|| room.serve());
}

#[test]
fn what_witnesses_have_seen_is_never_taken_back_whenever_it_is_killed() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let lines = one.line() + &two.line() + "group both all one two\nquorum both\n";
    let policy = policy(&room, &lines);
    crash(&room, &|| serve(&room, &policy));
    // They would have objected to anything else.
    let note = room.checkpoint();
    for witness in [one, two] {
        note.note()
            .verify(&witness.key)
            .expect("it has seen the end");
    }
}

/// Kills the writer that `serve` starts, and checks all that it promised.
fn crash(room: &Room, serve: &dyn Fn() -> Command) {
    let handed_out: Mutex<Vec<(String, Vec<u8>)>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let mut crashes = 0;
    for round in 1..=rounds() {
        for step in 1..=STEPS {
            // A different place in the pace of the load each time.
            let count = 1 + (round * 7 + u64::from(step) * 3) % 11;
            let mut command = serve();
            command.env("SIGNSTAR_LOG_CRASH", format!("{step}@{count}"));
            let writer = room.start_with(&mut command).expect("it opens every time");
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let client = room.client();
                        while !is_over.load(Ordering::Relaxed) {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            let id = format!("r-{number}");
                            let entry = entry(Some(&id), &format!("file-{number}"));
                            // What is not answered is asked again, as clients do.
                            let mut tries = 0;
                            while !is_over.load(Ordering::Relaxed) && tries < 3 {
                                tries += 1;
                                if let Ok(proof) = client.append(entry.clone()) {
                                    let mut all = handed_out.lock().expect("no panic");
                                    all.push((proof, entry));
                                    break;
                                }
                                thread::sleep(Duration::from_millis(1));
                            }
                        }
                    });
                }
                let status = writer.wait();
                is_over.store(true, Ordering::Relaxed);
                assert_eq!(status, None, "killed, not ended");
                crashes += 1;
            });
        }
    }
    // Started once more without a crash, it is whole.
    let writer = room.start_with(&mut serve()).expect("it starts");
    let all = handed_out.into_inner().expect("no panic");
    assert!(!all.is_empty() && crashes == u64::from(STEPS) * rounds());
    for (proof, entry) in &all {
        room.check(proof, entry);
    }
    let mut entries = room.entries();
    let count = entries.len();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), count, "an entry is there twice");
    // And a retry of any of them is answered with what is on record.
    let client = room.client();
    for (proof, entry) in all.iter().rev().take(20) {
        let again = client.append(entry.clone()).expect("a proof");
        assert_eq!(room.check(&again, entry), room.check(proof, entry));
    }
    assert_eq!(writer.stop(), Some(0));
}
