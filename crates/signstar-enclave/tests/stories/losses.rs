//! Files of the host that are lost, damaged or put in the way, and come back.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::Path,
};

use crate::story::Story;

/// What happens to a path.
type Harm = fn(&Path);

/// What is harmed, how, and the status that a client ends with meanwhile.
const HARMS: [(&str, &str, Harm, i32); 13] = [
    ("state", "is removed", remove, 0),
    ("state", "is a file", a_file, 3),
    ("journal", "is removed", remove, 0),
    ("journal", "is a folder", a_folder, 3),
    ("signstar.toml", "is empty", a_file, 3),
    ("signstar.toml", "is half", half, 3),
    ("signstar.toml", "is removed", remove, 3),
    ("certificates/client1.pgp", "is removed", remove, 3),
    ("certificates/client1.pgp", "is empty", a_file, 3),
    ("secrets/client1", "is removed", remove, 3),
    ("secrets/client1", "is for everybody", for_everybody, 3),
    ("log.socket", "is a file", a_file, 4),
    ("log.socket", "is of somebody else", of_somebody_else, 4),
];

fn remove(path: &Path) {
    let metadata = path.symlink_metadata().expect("there");
    match metadata.is_dir() {
        true => fs::remove_dir_all(path).expect("removed"),
        false => fs::remove_file(path).expect("removed"),
    }
}

fn a_file(path: &Path) {
    remove(path);
    fs::write(path, "").expect("written");
}

fn a_folder(path: &Path) {
    remove(path);
    fs::create_dir(path).expect("made");
}

fn half(path: &Path) {
    let octets = fs::read(path).expect("readable");
    fs::write(path, &octets[..octets.len() / 2]).expect("written");
}

fn for_everybody(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o644)).expect("set");
}

/// Who listens there and never answers.
fn of_somebody_else(path: &Path) {
    remove(path);
    drop(UnixListener::bind(path).expect("bound"));
}

#[test]
fn what_is_lost_is_told_and_when_it_is_back_nothing_is_restarted() {
    let story = Story::begin();
    let known = story.file(
        "known.pgp",
        fs::read(story.certificate("client1")).expect("readable"),
    );
    let sent = |name: &str| {
        let file = story.file(name, name);
        let mut sender = story.client_program("send");
        sender.arg("--ssh").arg(story.home().join("ssh/connect"));
        sender.args(["--patience", "0", "--to", "client1", "--certificate"]);
        let outcome = crate::story::Outcome::of(sender.arg(&known).arg(&file));
        assert_eq!(
            outcome.code == Some(0),
            crate::story::signature(&file).exists()
        );
        outcome
    };
    sent("before").expect(0);
    for (number, (name, how, harm, status)) in HARMS.into_iter().enumerate() {
        let path = story.home().join(name);
        let aside = story.path().join("aside");
        // A copy stays where it is harmed; what is kept is the thing itself.
        let is_file = path.symlink_metadata().expect("there").is_file();
        fs::rename(&path, &aside).expect("moved");
        match is_file {
            true => drop(fs::copy(&aside, &path).expect("copied")),
            false => fs::create_dir(&path).expect("made"),
        }
        harm(&path);
        let meanwhile = sent(&format!("meanwhile-{number}"));
        assert_eq!(meanwhile.code, Some(status), "{name} {how}: {meanwhile:#?}");
        if path.symlink_metadata().is_ok() {
            remove(&path);
        }
        fs::rename(&aside, &path).expect("moved back");
        let after = sent(&format!("after-{number}"));
        assert_eq!(after.code, Some(0), "{name} {how}, then back: {after:#?}");
    }
}
