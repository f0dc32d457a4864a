//! What is for the real `gpg`, and how it is found.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
};

use super::Desk;
use crate::story::{Outcome, program};

#[test]
fn everything_else_is_done_by_gpg() {
    let desk = Desk::ready();
    let file = desk.story.file("a", "a file");
    let version = desk.gpg(&["--version"]);
    version.expect(0);
    assert!(version.stdout.starts_with("gpg (GnuPG) "), "{version:#?}");
    desk.gpg(&["--verify", "nowhere.sig"]).expect(2);
    // A key of one's own signs as ever.
    let user = "Example Packager <packager@example.org>";
    let make = [
        "--batch",
        "--passphrase",
        "",
        "--quick-gen-key",
        user,
        "ed25519",
    ];
    desk.gpg(&make).expect(0);
    desk.gpg(&["--batch", "-u", "packager@example.org", "-b", "a"])
        .expect(0);
    assert_ne!(desk.gpg.verify(&file).expect("good"), desk.key);
    assert_eq!(desk.story.journal().len(), 0);
    // So it does when nobody is named and no enclave could do it.
    desk.gpg(&["--batch", "--sign", "a"]).expect(0);
    assert!(file.with_file_name("a.gpg").exists());
}

#[test]
fn without_settings_there_is_only_gpg() {
    let desk = Desk::ready();
    desk.story.file("a", "a file");
    fs::remove_dir_all(desk.story.path().join(".config")).expect("removed");
    let outcome = desk.gpg(&["--batch", "-b", "a"]);
    outcome.expect(2);
    outcome.expect_complaint("gpg: ");
    let check = desk.gpg(&["--signstar-check"]);
    check.expect(0);
    assert!(check.stdout.contains("no enclave"), "{check:#?}");
}

#[test]
fn nothing_goes_round_in_circles() {
    let desk = Desk::ready();
    // Two more in PATH that lead back here: a link, and a script with another name for us.
    let around = desk.story.path().join("around");
    fs::create_dir(&around).expect("a folder");
    let script = format!("#!/bin/sh\nexec {:?} \"$@\"\n", program("signstar-gpg"));
    fs::write(around.join("gpg"), script).expect("written");
    fs::set_permissions(around.join("gpg"), Permissions::from_mode(0o755)).expect("set");
    let link = desk.story.path().join("link");
    fs::create_dir(&link).expect("a folder");
    symlink(desk.bin().join("gpg"), link.join("gpg")).expect("linked");

    let folders = [desk.bin(), around, link];
    let only: std::ffi::OsString = std::env::join_paths(&folders).expect("a path");
    let lost = Outcome::of(
        desk.run(desk.bin().join("gpg"))
            .env("PATH", only)
            .arg("--version"),
    );
    lost.expect(2);
    lost.expect_complaint("SIGNSTAR_GPG_REAL");

    let rest = desk.path();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&rest)));
    let mut found = desk.run(desk.bin().join("gpg"));
    let found = Outcome::of(found.env("PATH", path.expect("a path")).arg("--version"));
    found.expect(0);
    assert!(found.stdout.starts_with("gpg (GnuPG) "), "{found:#?}");
}
