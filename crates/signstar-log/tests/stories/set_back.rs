//! What only a witness can tell: that this is not the newest copy of a log, or not the only one.

use std::fs;

use crate::{
    room::{Room, entry},
    witnesses::{Witness, copy, eventually, policy, refused, serve, signatures},
};

#[test]
fn a_folder_set_back_with_all_that_the_host_knows_is_recognised() {
    for quorum in ["quorum one\n", "quorum none\n"] {
        let room = Room::new();
        let one = Witness::of(&room, "one");
        let policy = policy(&room, &(one.line() + quorum));
        let grow = |count: usize| {
            let writer = room
                .start_with(&mut serve(&room, &policy))
                .expect("it starts");
            for number in 0..count {
                room.client()
                    .append(entry(None, &format!("{number}")))
                    .expect("a proof");
            }
            eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
            assert_eq!(writer.stop(), Some(0));
        };
        grow(3);
        copy(&room, "log", "old");
        copy(&room, "log.state", "old.state");
        grow(2);
        for name in ["log", "log.state"] {
            fs::rename(room.path(name), room.path(&format!("new-{name}"))).expect("a folder");
        }
        fs::rename(room.path("old"), room.path("log")).expect("a folder");
        fs::rename(room.path("old.state"), room.path("log.state")).expect("a folder");
        let said = refused(&room, &policy);
        let expected = "the witness one.example.org has seen 5 entries of this log, and now there \
                        are 3: it was set back";
        assert!(said.stderr.contains(expected), "{said:?}");
        assert!(said.stderr.contains("bring the newest copy"), "{said:?}");
        // With the newest copy it goes on.
        for name in ["log", "log.state"] {
            fs::remove_dir_all(room.path(name)).expect("a folder");
            fs::rename(room.path(&format!("new-{name}")), room.path(name)).expect("a folder");
        }
        grow(1);
        assert_eq!(room.entries().len(), 6);
    }
}

#[test]
fn a_folder_set_back_while_it_waits_for_witnesses_is_recognised_without_them() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    copy(&room, "log", "old");
    one.stop();
    room.client()
        .append(entry(None, "late"))
        .expect_err("it is away");
    assert_eq!(writer.stop(), Some(0));
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::rename(room.path("old"), room.path("log")).expect("a folder");
    let said = refused(&room, &policy);
    let expected = "the log had 2 entries or was about to, and now there are 1";
    assert!(said.stderr.contains(expected), "{said:?}");
}

#[test]
fn a_log_begun_anew_under_the_same_name_is_recognised() {
    let room = Room::new();
    let one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum one\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let said = refused(&room, &policy);
    assert!(
        said.stderr
            .contains("has seen 1 entries of this log, and now there are 0"),
        "{said:?}"
    );
}

#[test]
fn a_log_that_forked_is_told_so_by_its_witness() {
    // At the same size, and grown since.
    for further in [0, 2] {
        let room = Room::new();
        let one = Witness::of(&room, "one");
        let policy = policy(&room, &(one.line() + "quorum one\n"));
        let writer = room
            .start_with(&mut serve(&room, &policy))
            .expect("it starts");
        room.client()
            .append(entry(None, "common"))
            .expect("a proof");
        assert_eq!(writer.stop(), Some(0));
        copy(&room, "log", "fork");
        copy(&room, "log.state", "fork.state");
        let writer = room
            .start_with(&mut serve(&room, &policy))
            .expect("it starts");
        room.client().append(entry(None, "here")).expect("a proof");
        assert_eq!(writer.stop(), Some(0));
        for name in ["log", "log.state"] {
            fs::remove_dir_all(room.path(name)).expect("a folder");
        }
        fs::rename(room.path("fork"), room.path("log")).expect("a folder");
        fs::rename(room.path("fork.state"), room.path("log.state")).expect("a folder");
        // The copy grows where no witness sees it.
        let writer = room.start();
        for number in 0..=further {
            room.client()
                .append(entry(None, &format!("there-{number}")))
                .expect("a proof");
        }
        assert_eq!(writer.stop(), Some(0));
        let said = refused(&room, &policy);
        let expected =
            "the witness one.example.org has seen another log of 2 entries under this name";
        assert!(said.stderr.contains(expected), "{said:?}");
        assert!(said.stderr.contains("keep both copies"), "{said:?}");
    }
}

#[test]
fn a_witness_that_was_away_at_the_start_objects_later() {
    let room = Room::new();
    let mut one = Witness::of(&room, "one");
    let policy = policy(&room, &(one.line() + "quorum none\n"));
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("it starts");
    room.client().append(entry(None, "x")).expect("a proof");
    eventually(|| (signatures(&room.checkpoint()) == 2).then_some(()));
    assert_eq!(writer.stop(), Some(0));
    one.stop();
    fs::remove_dir_all(room.path("log")).expect("a folder");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let writer = room
        .start_with(&mut serve(&room, &policy))
        .expect("nobody objects");
    one.start(&room);
    assert_eq!(writer.wait(), Some(1));
}
