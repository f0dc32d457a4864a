//! A log whose checkpoints others have to see.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use signstar::log::{Policy, Proof, Recorder as _, RequestId};

use crate::{
    room::{Room, entry},
    witnesses::{Impostor, Witness, accepts, eventually, policy, refused, serve, signatures},
};

#[test]
fn what_is_proved_has_been_seen_by_all_witnesses() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let lines = one.line() + &two.line();
    let policy = policy(&room, &(lines + "group both all one two\nquorum both\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    for number in 0..3 {
        let entry = entry(None, &format!("file-{number}"));
        let proof = room.client().append(entry.clone()).expect("a proof");
        room.check(&proof, &entry);
        assert!(accepts(&policy, &proof));
        // What is published has them too.
        assert_eq!(signatures(&room.checkpoint()), 3);
    }
    let place = room.path("log").display().to_string();
    let verified = room.run(&["verify", &place, "--policy", &policy]);
    assert_eq!(verified.status, 0, "{verified:?}");
    let memory = room.path("memory").display().to_string();
    let monitored = room.run(&["monitor", &place, "--policy", &policy, "--state", &memory]);
    assert_eq!(monitored.status, 0, "{monitored:?}");
    assert_eq!(writer.stop(), Some(0));
    // It is opened again, and what was proved is proved with them.
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let proof = room
        .client()
        .prove(1)
        .expect("it answers")
        .expect("a proof");
    assert!(accepts(&policy, &proof));
}

#[test]
fn a_policy_counts_its_witnesses() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let mut three = Witness::of(&room, "three");
    three.stop();
    let lines = one.line() + &two.line() + &three.line();
    let two_of_three = policy(
        &room,
        &(lines.clone() + "group g 2 one two three\nquorum g\n"),
    );
    let _writer = room
        .start_with(&mut serve(&room, &two_of_three))
        .expect("it starts");
    let proof = room.client().append(entry(None, "x")).expect("a proof");
    assert!(accepts(&two_of_three, &proof));
    let place = room.path("log").display().to_string();
    assert_eq!(
        room.run(&["verify", &place, "--policy", &two_of_three])
            .status,
        0
    );

    let all = policy(&room, &(lines + "group g all one two three\nquorum g\n"));
    assert!(!accepts(&all, &proof));
    let verified = room.run(&["verify", &place, "--policy", &all]);
    assert_eq!(verified.status, 3, "{verified:?}");
    assert!(
        verified.stderr.contains("lacks cosignatures"),
        "{verified:?}"
    );
    let memory = room.path("memory").display().to_string();
    let monitored = room.run(&["monitor", &place, "--policy", &all, "--state", &memory]);
    assert_eq!(monitored.status, 3, "{monitored:?}");
}

#[test]
fn without_the_quorum_nothing_leaves_and_a_retry_gets_it_later() {
    let room = Room::new();
    let (one, mut two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let lines = one.line() + &two.line();
    let policy = policy(&room, &(lines + "group both all one two\nquorum both\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let before = entry(Some("r-0"), "before");
    room.client().append(before.clone()).expect("a proof");
    two.stop();

    let client = room.client();
    let late = entry(Some("r-1"), "late");
    client.append(late.clone()).expect_err("a witness is away");
    // Nobody is told of it: neither those who read the log nor those who ask for it.
    assert_eq!(room.checkpoint().head().size, 1);
    client.prove(1).expect_err("nothing proves it");
    let id = RequestId::new("r-1").expect("an id");
    client
        .find("builder", &id)
        .expect_err("it may be on record");
    // Meanwhile the log takes nothing else, and what was proved stays so.
    client
        .append(entry(Some("r-2"), "later"))
        .expect_err("still away");
    assert!(client.append(before).is_ok());

    two.start(&room);
    let proof = eventually(|| client.append(late.clone()).ok());
    assert!(accepts(&policy, &proof));
    assert_eq!(room.check(&proof, &late), 1);
    let found = client
        .find("builder", &id)
        .expect("it answers")
        .expect("it is there");
    assert_eq!(room.check(&found, &late), 1);
    assert_eq!(room.entries().len(), 2);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn what_waits_for_witnesses_survives_a_crash() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client()
        .append(entry(None, "before"))
        .expect("a proof");
    one.stop();
    let late = entry(Some("r-1"), "late");
    room.client().append(late.clone()).expect_err("it is away");
    // Killed.
    drop(writer);
    assert_eq!(room.checkpoint().head().size, 1);
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(late.clone()).expect_err("still away");
    drop(writer);
    one.start(&room);
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    // The witnesses were asked before it listened.
    assert_eq!(room.checkpoint().head().size, 2);
    let proof = room.client().append(late.clone()).expect("a proof");
    assert_eq!(room.check(&proof, &late), 1);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_log_that_waited_for_witnesses_goes_on_without_them() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    one.stop();
    let late = entry(Some("r-1"), "late");
    room.client().append(late.clone()).expect_err("it is away");
    drop(writer);
    let writer = room.start();
    assert_eq!(room.checkpoint().head().size, 1);
    let proof = room.client().append(late.clone()).expect("a proof");
    assert_eq!(room.check(&proof, &late), 0);
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn without_a_quorum_whatever_arrives_is_published() {
    let room = Room::new();
    let (one, mut two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    two.stop();
    let policy = policy(&room, &(one.line() + &two.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let client = room.client();
    for number in 0..3 {
        client
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
    }
    eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
    two.start(&room);
    eventually(|| (signatures(&room.checkpoint()) == 3).then_some(()));
    let proof = client.prove(2).expect("it answers").expect("a proof");
    let both = format!(
        "log {}\n{}{}group g all one two\nquorum g\n",
        room.key,
        one.line(),
        two.line()
    );
    let proof = Proof::parse(proof.as_bytes()).expect("a proof");
    proof
        .entry(&Policy::parse(both.as_bytes()).expect("a policy"))
        .expect("both saw it");
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_slow_witness_is_not_waited_for_once_the_quorum_is_there() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let slow = Impostor::before(
        &two,
        Box::new(|body, real| {
            thread::sleep(Duration::from_secs(20));
            real(body)
        }),
    );
    let lines = one.line() + &slow.line(&two);
    let policy = policy(&room, &(lines + "group any any one two\nquorum any\n"));
    let _writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    for number in 0..3 {
        let proof = room
            .client()
            .append(entry(None, &format!("{number}")))
            .expect("a proof");
        assert!(accepts(&policy, &proof));
        assert_eq!(signatures(&room.checkpoint()), 2);
    }
}

#[test]
fn a_policy_has_to_suit_the_log() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    let said = refused(
        &room,
        &policy(&room, &format!("witness one {}\nquorum one\n", one.key)),
    );
    assert!(said.stderr.contains("quorum cannot be reached"), "{said:?}");
    let ftp = format!("witness one {} ftp://one\nquorum none\n", one.key);
    let said = refused(&room, &policy(&room, &ftp));
    assert!(
        said.stderr.contains("does not begin with http://"),
        "{said:?}"
    );
    let path = room.path("other");
    fs::write(&path, format!("log {}\nquorum none\n", Room::new().key)).expect("a file");
    let said = refused(&room, &path.display().to_string());
    assert!(said.stderr.contains("does not name this log"), "{said:?}");
    let said = refused(&room, &policy(&room, "quorum two\n"));
    assert!(said.stderr.contains("line 2"), "{said:?}");
}

/// Says that all is over when it is dropped, by a panic as well.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn under_load_witnesses_still_agree_on_one_checkpoint() {
    let room = Room::new();
    let (one, two) = (Witness::of(&room, "one"), Witness::of(&room, "two"));
    let mut away = Witness::of(&room, "away");
    away.stop();
    let lines = one.line() + &two.line();
    let both = lines.clone() + "group both all one two\nquorum both\n";
    let both = format!("log {}\n{both}", room.key);
    let both = Policy::parse(both.as_bytes()).expect("a policy");
    let policy = policy(&room, &(lines + &away.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (room, is_over) = (&room, &is_over);
            scope.spawn(move || {
                let client = room.client();
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let entry = entry(None, &format!("{worker}-{number}"));
                    client.append(entry).expect("nobody waits for witnesses");
                }
            });
        }
        let _end = AtTheEnd(&is_over);
        // Whoever demands them gets them, although the log does not stand still.
        for number in 0..5 {
            let client = room.client();
            let entry = entry(None, &format!("demanding-{number}"));
            let proof = client.append(entry.clone()).expect("a proof");
            let seen = client.witnessed(proof, &both).expect("it answers");
            let index = room.check(&seen, &entry);
            let seen = Proof::parse(seen.as_bytes()).expect("a proof");
            assert_eq!(seen.index(), index);
            seen.entry(&both).expect("both have seen it");
        }
    });
    assert_eq!(writer.stop(), Some(0));
}

#[test]
fn a_log_may_get_witnesses_later() {
    let room = Room::new();
    let writer = room.start();
    room.client().append(entry(None, "alone")).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    let mut one = Witness::of(&room, "one");
    one.stop();
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    // What was proved without them is not any more.
    room.client().prove(0).expect_err("nobody has seen it");
    one.start(&room);
    let proof = eventually(|| room.client().prove(0).ok().flatten());
    assert!(accepts(&policy, &proof));
    assert_eq!(signatures(&room.checkpoint()), 2);
    assert_eq!(writer.stop(), Some(0));
}
