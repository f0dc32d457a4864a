//! What a monitor tells, it tells once at least, and never without reason.

use std::{fs, os::unix::fs::symlink, process::Command};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::room::{PROGRAM, Room, Said, entry, grow};

fn monitor(room: &Room, more: &[&str]) -> Said {
    let (place, state) = (room.path("log"), room.path("seen"));
    let key = room.key.to_string();
    let (place, state) = (place.display().to_string(), state.display().to_string());
    let mut words = vec!["monitor", &place, &key, "--state", &state];
    words.extend(more);
    room.run(&words)
}

#[test]
fn what_nobody_was_told_is_told_the_next_time() {
    let room = Room::new();
    grow(&room, 3);
    let nowhere = room.path("nowhere").display().to_string();
    // A repository that cannot be read: nothing is known, so nothing is remembered.
    let said = monitor(&room, &["--repository", &nowhere]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(!room.path("seen").exists());
    assert_eq!(monitor(&room, &[]).status, 0);

    grow(&room, 2);
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let untold = Command::new(PROGRAM)
        .arg("monitor")
        .arg(room.path("log"))
        .arg(room.key.to_string())
        .arg("--state")
        .arg(room.path("seen"))
        .stdout(full.expect("Linux"))
        .output()
        .expect("the program");
    assert_eq!(untold.status.code(), Some(1), "{untold:?}");
    let said = monitor(&room, &["--exit-new"]);
    assert_eq!(said.status, 10, "{said:?}");
    assert!(said.stdout.contains("5 entries, 2 new"), "{said:?}");
    assert_eq!(monitor(&room, &["--exit-new"]).status, 0);
}

#[test]
fn a_file_that_vanishes_from_a_repository_is_no_alarm() {
    let room = Room::new();
    grow(&room, 1);
    let repository = room.path("repository");
    fs::create_dir(&repository).expect("a folder");
    // Listed, and gone when it is read.
    symlink("gone", repository.join("file.sig")).expect("a link");
    let folder = repository.display().to_string();
    let said = monitor(&room, &["--repository", &folder]);
    assert_eq!(said.status, 0, "{said:?}");
    // One that is there and cannot be read is neither well nor wrong.
    symlink("..", repository.join("other.sig")).expect("a link");
    let said = monitor(&room, &["--repository", &folder]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("other.sig"), "{said:?}");
}

/// Signatures that are made while a monitor looks are in the log before anybody has them.
#[test]
fn a_repository_that_grows_with_its_log_is_no_alarm() {
    let room = Room::new();
    let repository = room.path("repository");
    fs::create_dir(&repository).expect("a folder");
    let writer = room.start();
    let folder = repository.display().to_string();
    std::thread::scope(|scope| {
        let publish = scope.spawn(|| {
            let client = room.client();
            for (number, octets) in signatures().into_iter().enumerate() {
                let text = String::from_utf8(entry(None, &format!("{number}"))).expect("text");
                let signature = format!("\"signature\":\"{}\"", BASE64_STANDARD.encode(&octets));
                let text = text.replace("\"signature\":\"AA==\"", &signature);
                client.append(text.into_bytes()).expect("a proof");
                let new = repository.join("new");
                fs::write(&new, octets).expect("written");
                fs::rename(new, repository.join(format!("{number}.sig"))).expect("one disk");
            }
        });
        while !publish.is_finished() {
            let said = monitor(&room, &["--repository", &folder]);
            assert_eq!(said.status, 0, "{said:?}");
        }
    });
    assert_eq!(writer.stop(), Some(0));
    let said = monitor(&room, &["--repository", &folder]);
    assert!(said.stdout.contains("60 signatures in the log"), "{said:?}");
}

/// OpenPGP packets that look like signatures of version 4, with an empty unhashed area.
fn signatures() -> Vec<Vec<u8>> {
    let integer = [&[0x01, 0x00][..], &[0x80; 32]].concat();
    let signature = |second: u8| {
        let hashed = [0x00, 0x06, 0x05, 0x02, 0x69, 0x55, 0xb9, second];
        let parts: [&[u8]; 6] = [
            &[0xc2, 84, 0x04, 0x00, 0x16, 0x0a],
            &hashed,
            &[0x00, 0x00],
            &[0xab, 0xcd],
            &integer,
            &integer,
        ];
        parts.concat()
    };
    (0..60).map(signature).collect()
}
