//! A copy of a log elsewhere, made as `docs/log.md` says.

use std::{fs, process::Command};

use crate::room::{Room, entry, grow, skipped};

/// The commands of `docs/log.md`, from a log that may be written meanwhile. Returns whether there is
/// an `rsync`.
fn publish(room: &Room) -> bool {
    let (log, mirror, newest) = (room.path("log"), room.path("mirror"), room.path("newest"));
    fs::create_dir_all(&mirror).expect("a folder");
    fs::copy(log.join("checkpoint"), &newest).expect("copied");
    // Twice: what vanished before the first could copy it, the second finds as a full tile.
    for _ in 0..2 {
        let mut tiles = Command::new("rsync");
        tiles.args(["--recursive", "--times", "--modify-window=-1"]);
        tiles.args(["--exclude", ".*"]);
        let Ok(copied) = tiles.arg(log.join("tile")).arg(&mirror).output() else {
            skipped("there is no rsync");
            return false;
        };
        // 24: a file vanished meanwhile, as partial ones do once there is the full one.
        let code = copied.status.code();
        assert!(matches!(code, Some(0 | 24)), "{copied:?}");
    }
    let mut checkpoint = Command::new("rsync");
    checkpoint.args(["--ignore-times", "--delay-updates"]);
    checkpoint.arg(newest).arg(mirror.join("checkpoint"));
    assert!(checkpoint.status().expect("it is there").success());
    true
}

fn verify(room: &Room) {
    let mirror = room.path("mirror").display().to_string();
    let said = room.run(&["verify", &mirror, &room.key.to_string()]);
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn a_mirror_is_whole_at_any_time() {
    let room = Room::new();
    grow(&room, 1);
    let writer = room.start();
    let told = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            std::thread::scope(|scope| {
                for worker in 0..16 {
                    let client = room.client();
                    scope.spawn(move || {
                        for number in 0..60 {
                            let entry = entry(None, &format!("{worker}-{number}"));
                            client.append(entry).expect("a proof");
                        }
                    });
                }
            });
        });
        while !load.is_finished() {
            if !publish(&room) {
                return false;
            }
            verify(&room);
        }
        publish(&room)
    });
    assert_eq!(writer.stop(), Some(0));
    if told {
        verify(&room);
        let mirrored = fs::read(room.path("mirror/checkpoint")).expect("one");
        let original = fs::read(room.path("log/checkpoint")).expect("one");
        assert!(mirrored == original, "the mirror stays behind");
    }
}

#[test]
fn what_a_crash_left_behind_does_not_stay_in_a_mirror() {
    let room = Room::new();
    grow(&room, 255);
    // Its files are there and nothing is pending: other entries will have their places.
    let mut serve = room.serve();
    serve.env("SIGNSTAR_LOG_CRASH", "2@1");
    let writer = room.start_with(&mut serve).expect("it starts");
    let lost = room.client().append(entry(None, "lost"));
    lost.expect_err("it was killed");
    assert_eq!(writer.wait(), None);
    assert!(room.path("log/tile/0/000").exists());
    if !publish(&room) {
        return;
    }
    verify(&room);
    grow(&room, 1);
    publish(&room);
    verify(&room);
}
