//! Console sessions that are a manual, too, on a log that never changes.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::room::Room;

const PROGRAM: &str = env!("CARGO_BIN_EXE_signstar-log");
/// The key of that log: everybody knows it. The seed is 32 times 0x07.
const KEY: &str =
    "signstar-log-key-v1 signstar.example.org/log BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/console")
        .join(name)
}

#[test]
fn sessions_are_as_the_manual_has_them() {
    trycmd::TestCases::new()
        .case("tests/console/*.md")
        .register_bin("signstar-log", Path::new(PROGRAM))
        .env("LC_ALL", "C.UTF-8");
}

/// With `SIGNSTAR_WRITE=1` it writes the log anew.
#[test]
fn the_log_of_the_sessions_follows_from_its_entries() {
    let mut room = Room::new();
    let key = room.path("key");
    fs::write(&key, KEY).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("own file");
    let shown = room.run(&["key", "show", &key.display().to_string()]);
    room.key = shown.stdout.trim().parse().expect("a key");
    let writer = room.start();
    let entries = fs::read_to_string(data("entries.jsonl")).expect("entries");
    for entry in entries.lines() {
        let proof = room.client().append(entry.as_bytes().to_vec());
        room.check(&proof.expect("a proof"), entry.as_bytes());
    }
    assert_eq!(writer.stop(), Some(0));
    let size = entries.lines().count();
    let mut names = vec!["checkpoint".to_owned()];
    names.extend(["0", "entries"].map(|kind| format!("tile/{kind}/000.p/{size}")));
    if std::env::var_os("SIGNSTAR_WRITE").is_some() {
        for name in &names {
            let to = data("show.in/log").join(name);
            fs::create_dir_all(to.parent().expect("a folder")).expect("created");
            fs::copy(room.path("log").join(name), to).expect("copied");
        }
    }
    for name in names {
        let made = fs::read(room.path("log").join(&name)).expect("there");
        let kept = fs::read(data("show.in/log").join(&name)).unwrap_or_default();
        assert!(
            made == kept,
            "{name} is another; with SIGNSTAR_WRITE=1 this test writes it"
        );
    }
}
