//! What a liar could publish, shown to everything of ours that reads logs.

use std::{fs, process::Command};

use crate::room::{Room, Said, entry, grow};

/// What each of the readers says of the folder `name`: the exit statuses of `verify`, `show`,
/// `prove` and of a `monitor` that sees it for the first time.
fn readers(room: &Room, name: &str) -> [Said; 4] {
    let place = room.path(name).display().to_string();
    let key = room.key.to_string();
    let state = room.path("first-seen").display().to_string();
    // Of an earlier call.
    let _ = fs::remove_file(room.path("first-seen"));
    [
        room.run(&["verify", &place, &key]),
        room.run(&["show", &place, "--vkey", &key]),
        room.run(&["prove", &place, "0", &key]),
        room.run(&["monitor", &place, &key, "--state", &state]),
    ]
}

fn copy(room: &Room, from: &str, to: &str) {
    // What was there before.
    let _ = fs::remove_dir_all(room.path(to));
    let mut command = Command::new("cp");
    command.arg("-a").arg(room.path(from)).arg(room.path(to));
    assert!(command.status().expect("cp").success());
}

/// The same key signed two logs: `log`, and `fork` with as many other entries behind the first 3.
fn forked() -> Room {
    let room = Room::new();
    grow(&room, 3);
    copy(&room, "log", "before");
    copy(&room, "log.state", "before.state");
    let more = |word: &str| {
        let writer = room.start();
        for number in 0..5 {
            let entry = entry(None, &format!("{word}-{number}"));
            room.client().append(entry).expect("a proof");
        }
        assert_eq!(writer.stop(), Some(0));
    };
    more("there");
    copy(&room, "log", "fork");
    copy(&room, "before", "log");
    copy(&room, "before.state", "log.state");
    more("here");
    room
}

#[test]
fn entries_that_were_never_signed_for_are_refused_with_all_their_tiles() {
    let room = Room::new();
    grow(&room, 300);
    // Another log of the same size: every tile of it follows from its entries.
    let liar = Room::new();
    let writer = liar.start();
    let client = liar.client();
    for number in 0..300 {
        let entry = entry(None, &format!("forged-{number}"));
        client.append(entry).expect("a proof");
    }
    assert_eq!(writer.stop(), Some(0));
    copy(&liar, "log", "whole");
    fs::rename(liar.path("whole"), room.path("forged")).expect("one disk");
    for said in readers(&room, "forged") {
        assert_eq!(said.status, 3, "the key of a liar: {said:?}");
    }
    fs::copy(room.path("log/checkpoint"), room.path("forged/checkpoint")).expect("copied");
    for said in readers(&room, "forged") {
        assert_eq!(said.status, 3, "the tiles of a liar: {said:?}");
        assert!(
            said.stdout.contains("another root") || said.stderr.contains("hint: the log is"),
            "{said:?}"
        );
    }
}

#[test]
fn one_forged_entry_is_refused_by_every_reader() {
    let room = Room::new();
    grow(&room, 300);
    copy(&room, "log", "forged");
    let path = room.path("forged/tile/entries/000");
    let octets = fs::read(&path).expect("a bundle");
    // Entries are as long as before: only their hashes can tell.
    let position = (octets.windows(7)).position(|it| it == b"builder");
    let mut forged = octets;
    let at = position.expect("a client");
    forged[at..at + 7].copy_from_slice(b"dealers");
    fs::write(&path, forged).expect("a bundle");
    let [verify, show, prove, monitor] = readers(&room, "forged");
    for said in [&verify, &show, &prove] {
        assert_eq!(said.status, 3, "{said:?}");
    }
    assert!(!show.stdout.contains("dealers"), "{show:?}");
    // A monitor reads what is new, and this is what it begins with: `verify` reads everything.
    assert_eq!(monitor.status, 0, "{monitor:?}");
    let key = room.key.to_string();
    let place = room.path("forged").display().to_string();
    let state = room.path("seen").display().to_string();
    copy(&room, "log", "mirror");
    fs::write(&state, fs::read(room.path("log/checkpoint")).expect("one")).expect("remembered");
    grow(&room, 300);
    copy(&room, "log", "forged");
    let path = room.path("forged/tile/0/001");
    let mut forged = fs::read(&path).expect("a tile");
    forged[60 * 32] ^= 1;
    fs::write(&path, forged).expect("a tile");
    let monitor = room.run(&["monitor", &place, &key, "--state", &state]);
    assert_eq!(monitor.status, 3, "new and forged: {monitor:?}");
    assert!(monitor.stderr.contains("hint: "), "{monitor:?}");
}

#[test]
fn two_logs_under_one_key_are_noticed_by_who_has_seen_one() {
    let room = forked();
    let key = room.key.to_string();
    let place = |name: &str| room.path(name).display().to_string();
    // Each by itself is a log.
    for name in ["log", "fork"] {
        for said in readers(&room, name) {
            assert_eq!(said.status, 0, "{name}: {said:?}");
        }
    }
    let state = place("seen");
    let watch = |name: &str| {
        let said = room.run(&[
            "monitor",
            &place(name),
            &key,
            "--state",
            &state,
            "--output",
            "json",
        ]);
        (said.status, said.stdout)
    };
    assert_eq!(watch("log").0, 0);
    let (status, said) = watch("fork");
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("\"state\":\"forked\",\"size\":8"), "{said}");
    assert!(said.contains("seen.evidence"), "{said}");
    let evidence = fs::read_dir(room.path("seen.evidence")).expect("kept");
    assert_eq!(evidence.count(), 2);
    // The checkpoint of one with the tiles of the other is no log at all.
    fs::copy(room.path("fork/checkpoint"), room.path("log/checkpoint")).expect("copied");
    for said in readers(&room, "log") {
        assert_eq!(said.status, 3, "{said:?}");
    }
}

#[test]
fn an_older_copy_is_noticed_by_who_has_seen_the_newer_one() {
    let room = Room::new();
    grow(&room, 300);
    copy(&room, "log", "old");
    let key = room.key.to_string();
    let state = room.path("seen").display().to_string();
    let watch = |name: &str| {
        let place = room.path(name).display().to_string();
        room.run(&["monitor", &place, &key, "--state", &state])
    };
    grow(&room, 5);
    assert_eq!(watch("log").status, 0);
    let said = watch("old");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.starts_with("ROLLBACK: "), "{said:?}");
    // An old checkpoint with the new files is the same to whoever remembers.
    fs::copy(room.path("old/checkpoint"), room.path("log/checkpoint")).expect("copied");
    assert_eq!(watch("log").status, 3);
    // Who remembers nothing sees a log that was smaller, and it is one: that takes a monitor.
    for name in ["old", "log"] {
        for said in readers(&room, name) {
            assert_eq!(said.status, 0, "{name}: {said:?}");
        }
    }
}
