//! A disk that takes no more, a clock that is set back.

use std::{fs, process::Command};

use signstar_log::client::ClientError;

use crate::room::{Room, entry, grow};

/// `serve`, which may write files of `blocks` half KiB at most.
fn limited(room: &Room, blocks: u32) -> Command {
    let serve = room.serve();
    let mut command = Command::new("sh");
    // Ignored, the signal becomes the error of a write: as with a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    command.args(["-c", &script, "sh"]);
    command.arg(serve.get_program()).args(serve.get_args());
    command
}

#[test]
fn on_a_full_disk_nothing_is_promised_and_nothing_is_lost() {
    let room = Room::new();
    grow(&room, 10);
    let writer = room
        .start_with(&mut limited(&room, 16))
        .expect("there is room for a start");
    // A bundle of these entries becomes longer than the limit.
    let client = room.client();
    let mut promised = Vec::new();
    let error = loop {
        let entry = entry(None, &format!("{}-{}", "x".repeat(200), promised.len()));
        match client.append(entry.clone()) {
            Ok(proof) => promised.push((proof, entry)),
            Err(error) => break error,
        }
        assert!(promised.len() < 256, "the limit is reached");
    };
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    assert_eq!(writer.wait(), Some(1));
    assert!(!promised.is_empty());

    // With room again it goes on, and has all it promised.
    grow(&room, 10);
    for (proof, entry) in &promised {
        room.check(proof, entry);
    }
    let key = room.key.to_string();
    let log = room.path("log").display().to_string();
    let said = room.run(&["verify", &log, &key]);
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn a_disk_that_takes_nothing_is_named_with_the_file() {
    let room = Room::new();
    grow(&room, 1);
    // Nothing can be created there, whoever tries.
    fs::remove_dir_all(room.path("log.state")).expect("a folder");
    fs::write(room.path("log.state"), "").expect("a file");
    let said = room.refused();
    assert!(said.contains("log.state"), "{said}");
    assert!(said.contains("hint: check space, permissions"), "{said}");
}

/// Needs the right to mount; without it, at least what is promised is the same as on a full disk.
#[test]
fn a_disk_that_became_read_only_stops_the_log() {
    let room = Room::new();
    grow(&room, 3);
    let serve = room.serve();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 77; \
                  shift; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(room.path("."))
        .arg(serve.get_program())
        .args(serve.get_args())
        .output()
        .expect("unshare");
    let said = String::from_utf8(output.stderr).expect("text");
    match output.status.code() {
        Some(1) if said.starts_with("error: ") => {
            assert!(said.contains("Read-only file system"), "{said}");
            assert!(said.contains("hint: check space, permissions"), "{said}");
        }
        // Not allowed to mount here.
        _ => assert!(!said.contains("listening"), "{said}"),
    }
    // Nothing was changed.
    grow(&room, 3);
    assert_eq!(room.checkpoint().head().size, 6);
}

#[test]
fn times_that_go_back_are_no_reason_to_stop() {
    let room = Room::new();
    let writer = room.start();
    let client = room.client();
    for time in ["1767225600", "1767225599", "0", "1767225601"] {
        let octets = String::from_utf8(entry(None, "file")).expect("text");
        let octets = octets.replace("1767225600", time).into_bytes();
        let proof = client.append(octets.clone()).expect("a proof");
        room.check(&proof, &octets);
    }
    assert_eq!(writer.stop(), Some(0));
    let key = room.key.to_string();
    let log = room.path("log").display().to_string();
    assert_eq!(room.run(&["verify", &log, &key]).status, 0);
    let since = room.run(&["show", &log, "--vkey", &key, "--since", "1767225600"]);
    assert_eq!(since.stdout.lines().count(), 3, "{since:?}");
}
