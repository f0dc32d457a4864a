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

/// What stands under `Exit status:` in the help of a command.
fn statuses(room: &Room, command: &[&str]) -> Vec<(String, String)> {
    let said = room.run(&[command, &["--help"]].concat());
    let (_, below) = said
        .stdout
        .split_once("Exit status:\n")
        .expect("it says so");
    let mut all: Vec<(String, String)> = Vec::new();
    for line in below.lines().take_while(|line| !line.is_empty()) {
        let line = line.trim();
        match line.split_once("  ") {
            Some((number, words)) => all.push((number.to_owned(), words.to_owned())),
            None => {
                let (_, words) = all.last_mut().expect("a status");
                words.push(' ');
                words.push_str(line);
            }
        }
    }
    all
}

#[test]
fn specification_help_and_manual_say_the_same_of_every_exit_status() {
    let room = Room::new();
    let specification = fs::read_to_string("../../spec/log.md").expect("it is there");
    let pages = room.path("man");
    let written = room.run(&["man", &pages.display().to_string()]);
    assert_eq!(written.status, 0, "{written:?}");
    let mut rows = 0;
    for name in [
        "serve", "witness", "key", "web", "verify", "show", "prove", "monitor", "shard",
    ] {
        for (number, words) in statuses(&room, &[name]) {
            let row = format!("| `{name}` | {number} | {words} |");
            assert!(specification.contains(&row), "spec/log.md lacks: {row}");
            rows += 1;
            let page = fs::read_to_string(pages.join(format!("signstar-log-{name}.1")));
            let page = page.expect("a page").replace('\\', "").replace('\n', " ");
            assert!(page.contains(&words), "{name}: {page}");
        }
    }
    let (_, table) = (specification.split_once("| command | status | |\n")).expect("a table");
    let stated = table.lines().take_while(|line| line.starts_with('|'));
    assert_eq!(stated.count(), rows + 1, "spec/log.md has other rows");
    for (command, like) in [(["key", "generate"], "key"), (["key", "show"], "key")] {
        assert_eq!(statuses(&room, &command), statuses(&room, &[like]));
    }
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
