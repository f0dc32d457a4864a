//! Files that are gone, cut off, changed or older than they should be.

use std::fs;

use crate::room::{Room, entry, grow};

/// A log of 300 entries, not running.
fn grown() -> Room {
    let room = Room::new();
    let writer = room.start();
    let client = room.client();
    std::thread::scope(|scope| {
        for worker in 0..30 {
            let client = &client;
            scope.spawn(move || {
                for number in 0..10 {
                    let entry = entry(None, &format!("{worker}-{number}"));
                    client.append(entry).expect("a proof");
                }
            });
        }
    });
    assert_eq!(writer.stop(), Some(0));
    assert_eq!(room.checkpoint().head().size, 300);
    room
}

fn copy(room: &Room, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(room.path(from))
        .arg(room.path(to))
        .status()
        .expect("cp");
    assert!(copied.success());
}

#[test]
fn a_log_without_its_checkpoint_is_not_begun_anew() {
    let room = grown();
    fs::remove_file(room.path("log/checkpoint")).expect("a file");
    let said = room.refused();
    assert!(said.contains("is gone, but there are entries"), "{said}");
    // Nor when all of it is gone: this host knows that there was one.
    fs::remove_dir_all(room.path("log")).expect("a folder");
    let said = room.refused();
    assert!(said.contains("is gone"), "{said}");
}

#[test]
fn an_older_copy_is_recognised() {
    let room = grown();
    copy(&room, "log", "old");
    let writer = room.start();
    room.client().append(entry(None, "new")).expect("a proof");
    drop(writer);
    fs::remove_dir_all(room.path("log")).expect("a folder");
    copy(&room, "old", "log");
    let said = room.refused();
    assert!(
        said.contains("301 entries") && said.contains("there are 300"),
        "{said}"
    );
}

#[test]
fn a_log_that_forked_is_recognised() {
    let room = grown();
    copy(&room, "log", "fork");
    copy(&room, "log.state", "fork.state");
    let grow = |name: &str| {
        let writer = room.start();
        room.client().append(entry(None, name)).expect("a proof");
        drop(writer);
    };
    grow("here");
    // Somebody else has the key and appends to a copy; then the copies are mixed up.
    fs::rename(room.path("log"), room.path("here")).expect("a folder");
    fs::rename(room.path("log.state"), room.path("here.state")).expect("a folder");
    fs::rename(room.path("fork"), room.path("log")).expect("a folder");
    fs::rename(room.path("fork.state"), room.path("log.state")).expect("a folder");
    grow("there");
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    fs::rename(room.path("here.state"), room.path("log.state")).expect("a folder");
    let said = room.refused();
    assert!(said.contains("forked"), "{said}");
}

#[test]
fn damaged_tiles_are_not_built_on() {
    for (file, name) in [
        ("log/tile/0/001.p/44", "hashes"),
        ("log/tile/entries/001.p/44", "entries"),
        ("log/tile/1/000.p/1", "hashes above"),
    ] {
        let room = grown();
        let path = room.path(file);
        let whole = fs::read(&path).expect("a file");
        let mut changed = whole.clone();
        changed[9] ^= 1;
        for bad in [&changed[..], &whole[..whole.len() - 1], b""] {
            fs::write(&path, bad).expect("a file");
            let said = room.refused();
            assert!(said.contains("damaged"), "{name}: {said}");
        }
        fs::remove_file(&path).expect("a file");
        let said = room.refused();
        assert!(said.contains("cannot read"), "{name}: {said}");
    }
}

#[test]
fn another_key_does_not_continue_a_log() {
    let room = grown();
    let other = Room::new();
    fs::copy(other.path("key"), room.path("key")).expect("a file");
    let said = room.refused();
    assert!(said.contains("does not belong to this key"), "{said}");
}

#[test]
fn a_changed_checkpoint_is_refused() {
    let room = grown();
    let path = room.path("log/checkpoint");
    let whole = fs::read(&path).expect("a file");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).expect("a file");
        // A few are enough: each costs the start of a program.
        if at % 16 == 0 {
            room.refused();
        }
    }
}

#[test]
fn a_second_writer_is_turned_away() {
    let room = Room::new();
    let _writer = room.start();
    let said = room.refused();
    assert!(said.contains("another process writes"), "{said}");
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    fs::set_permissions(room.path("key"), fs::Permissions::from_mode(0o640)).expect("own file");
    let said = room.refused();
    assert!(said.contains("others may read"), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_second_writer_is_turned_away_whatever_it_calls_its_private_folder() {
    let room = Room::new();
    let _writer = room.start();
    let mut second = room.serve();
    let output = second.arg("--state").arg(room.path("elsewhere")).output();
    let output = output.expect("the program");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another process writes"), "{said}");
    assert!(said.contains("hint: there is one writer"), "{said}");
    let entry = entry(None, "file");
    let proof = room.client().append(entry.clone()).expect("a proof");
    room.check(&proof, &entry);
}

#[test]
fn a_log_without_its_private_folder_goes_on_from_its_checkpoint() {
    let room = grown();
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    let writer = room.start();
    room.client().append(entry(None, "new")).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    assert_eq!(room.checkpoint().head().size, 301);
}

#[test]
fn files_that_vanish_under_a_running_log_are_missed_and_can_be_brought_back() {
    let room = Room::new();
    let writer = room.start();
    let known = entry(Some("r-1"), "known");
    let proof = room.client().append(known.clone()).expect("a proof");
    assert_eq!(writer.stop(), Some(0));
    grow(&room, 299);
    copy(&room, "log", "mirror");
    let writer = room.start();
    let client = room.client();
    for name in ["log/tile/entries/000", "log/tile/0/000"] {
        fs::remove_file(room.path(name)).expect("a file");
    }
    // What is new stands on the edge, which the writer knows.
    let late = entry(None, "late");
    let late_proof = client.append(late.clone()).expect("a proof");
    // An older entry cannot be proved: no answer, and no second entry.
    let error = client
        .append(known.clone())
        .expect_err("not without its tiles");
    assert!(
        matches!(error, signstar_log::client::ClientError::Unavailable { .. }),
        "{error}"
    );
    drop(writer);
    let said = room.refused();
    assert!(said.contains("tile/"), "{said}");
    let key = room.key.to_string();
    let log = room.path("log").display().to_string();
    let verified = room.run(&["verify", &log, &key]);
    assert_eq!(verified.status, 3, "{verified:?}");
    for name in ["tile/entries/000", "tile/0/000"] {
        let missing = format!("wrong    {name} is missing");
        assert!(verified.stdout.contains(&missing), "{verified:?}");
        fs::copy(room.path("mirror").join(name), room.path("log").join(name)).expect("copied");
    }
    let writer = room.start();
    let again = room.client().append(known.clone()).expect("a proof");
    assert_eq!(room.check(&again, &known), room.check(&proof, &known));
    room.check(&late_proof, &late);
    assert_eq!(writer.stop(), Some(0));
    assert_eq!(room.run(&["verify", &log, &key]).status, 0);
}

/// Contents and names of new tiles are synced at the same time, before the checkpoint.
#[test]
fn tiles_that_a_loss_of_power_left_unfinished_are_written_again() {
    let room = grown();
    let torn = |name: &str, octets: &[u8]| {
        fs::write(room.path("log/tile").join(name), octets).expect("a file");
    };
    // What the commits from 300 to 301 and from 300 to 512 entries may have left.
    torn("entries/001.p/45", b"");
    torn("0/001.p/45", &[0; 100]);
    torn("entries/001", &[0; 20_000]);
    torn("0/001", b"");
    let writer = room.start();
    let proof = room.client().append(entry(None, "new")).expect("a proof");
    assert_eq!(room.check(&proof, &entry(None, "new")), 300);
    assert_eq!(writer.stop(), Some(0));
    grow(&room, 300);
    assert_eq!(room.entries().len(), 601);
    let log = room.path("log").display().to_string();
    let said = room.run(&["verify", &log, &room.key.to_string()]);
    assert_eq!(said.status, 0, "{said:?}");
}
