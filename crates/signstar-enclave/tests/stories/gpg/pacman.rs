//! `makepkg --sign`, `repo-add --sign`, and what is used in its place.

use std::{fs, path::PathBuf, process::Command};

use nix::unistd::Uid;

use super::Desk;
use crate::{
    distribution::{MAKEPKG_CONF, PKGBUILD},
    story::{Outcome, is_installed, program, signature},
};

const PACKAGE: &str = "story-1-1-any.pkg.tar.zst";

fn is_ready() -> bool {
    let programs = [
        "makepkg", "repo-add", "fakeroot", "bsdtar", "zstd", "unshare",
    ];
    programs
        .iter()
        .filter(|program| is_installed(program))
        .count()
        == programs.len()
}

/// A person with the recipe of a package.
fn packager() -> Option<Desk> {
    if !is_ready() {
        return None;
    }
    let desk = Desk::ready();
    desk.story.file("PKGBUILD", PKGBUILD);
    desk.story.file("makepkg.conf", MAKEPKG_CONF);
    Some(desk)
}

impl Desk {
    /// `makepkg`, which refuses to run as root: there everybody else is `nobody` in a namespace
    /// of its own.
    fn makepkg(&self, arguments: &[&str]) -> Outcome {
        let mut makepkg = if Uid::effective().is_root() {
            let mut unshare = self.run("unshare");
            unshare.args([
                "-U",
                "--map-user=65534",
                "--map-group=65534",
                "--",
                "makepkg",
            ]);
            unshare
        } else {
            self.run("makepkg")
        };
        for name in ["PKGDEST", "SRCDEST", "BUILDDIR", "PKGEXT"] {
            makepkg.env_remove(name);
        }
        makepkg.args(["--config", "makepkg.conf", "--nodeps", "--force"]);
        Outcome::of(makepkg.args(arguments))
    }

    fn repo_add(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.run("repo-add").args(arguments))
    }

    fn our_repo_add(&self) -> Command {
        let mut command = self.run(program("signstar-repo-add"));
        command.arg("--quiet");
        command
    }

    /// A package with the enclave's signature.
    fn package(&self) -> PathBuf {
        self.makepkg(&[]).expect(0);
        let package = self.story.files().join(PACKAGE);
        self.gpg(&["--detach-sign", PACKAGE]).expect(0);
        package
    }

    fn contents(&self, database: &str) -> String {
        let mut bsdtar = self.run("bsdtar");
        Outcome::of(bsdtar.args(["-xOf", database])).stdout
    }
}

#[test]
fn makepkg_signs_what_it_builds() {
    let Some(desk) = packager() else { return };
    let outcome = desk.makepkg(&["--sign", "--key", &desk.key]);
    outcome.expect(0);
    let package = desk.story.files().join(PACKAGE);
    assert_eq!(desk.gpg.verify(&package).expect("good"), desk.key);
    assert!(desk.was_signed(PACKAGE));

    // A key that nobody has is noticed before anything is built.
    desk.makepkg(&["--sign", "--key", "other@example.org"])
        .expect_failure();
}

#[test]
fn makepkg_fails_without_a_signature() {
    let Some(desk) = packager() else { return };
    desk.refuse_everything();
    let outcome = desk.makepkg(&["--sign"]);
    outcome.expect_failure();
    outcome.expect_complaint("Failed to sign package file");
    assert!(!signature(&desk.story.files().join(PACKAGE)).exists());
}

#[test]
fn commitpkg_signs_and_verifies() {
    let Some(desk) = packager() else { return };
    desk.makepkg(&[]).expect(0);
    // The two calls that it makes; commitpkg itself wants the servers of Arch Linux.
    let sign = [
        "--detach-sign",
        "--use-agent",
        "--no-armor",
        "-u",
        &desk.key,
        PACKAGE,
    ];
    desk.gpg(&sign).expect(0);
    desk.gpg(&["--verify", &format!("{PACKAGE}.sig"), PACKAGE])
        .expect(0);
}

#[test]
fn repo_add_has_databases_signed() {
    let Some(desk) = packager() else { return };
    desk.package();
    let outcome = desk.repo_add(&["--sign", "--key", &desk.key, "story.db.tar.gz", PACKAGE]);
    outcome.expect(0);
    for name in ["story.db.tar.gz", "story.files.tar.gz"] {
        let path = desk.story.files().join(name);
        assert_eq!(desk.gpg.verify(&path).expect("good"), desk.key);
        // Not the name that repo-add has for it meanwhile.
        assert!(desk.was_signed(name), "{:?}", desk.story.journal());
    }
    desk.repo_add(&["--verify", "story.db.tar.gz", PACKAGE])
        .expect(0);
}

#[test]
fn our_repo_add_changes_nothing_without_a_signature() {
    let Some(desk) = packager() else { return };
    desk.package();
    let add = |desk: &Desk| Outcome::of(desk.our_repo_add().args(["story.db.tar.gz", PACKAGE]));
    let verify = |name: &str| desk.gpg.verify(&desk.story.files().join(name));
    add(&desk).expect(0);
    for name in [
        "story.db.tar.gz",
        "story.files.tar.gz",
        "story.db",
        "story.files",
    ] {
        assert_eq!(verify(name).expect("good"), desk.key);
    }
    assert!(desk.contents("story.db").contains("%PGPSIG%"));
    let database = fs::read(desk.story.files().join("story.db")).expect("there");

    desk.refuse_everything();
    let before = desk.story.listing();
    let refused = add(&desk);
    refused.expect(3);
    refused.expect_complaint("refused by the enclave");
    refused.expect_complaint("stays as it was");
    let after = fs::read(desk.story.files().join("story.db")).expect("there");
    assert_eq!(database, after);
    verify("story.db").expect("good");
    assert_eq!(desk.story.listing(), before, "nothing is left behind");

    // What repo-add does: a warning, a new database, an old signature, and a good end.
    let theirs = desk.repo_add(&["--sign", "story.db.tar.gz", PACKAGE]);
    theirs.expect(0);
    verify("story.db").expect_err("the signature of the older one");
}

#[test]
fn our_repo_add_adds_removes_and_keeps_the_older_one() {
    let Some(desk) = packager() else { return };
    let package = desk.package();
    Outcome::of(desk.our_repo_add().args(["story.db.tar.gz", PACKAGE])).expect(0);

    let recipe = PKGBUILD.replace("pkgver=1", "pkgver=2");
    desk.story.file("PKGBUILD", recipe);
    desk.makepkg(&[]).expect(0);
    let next = PACKAGE.replace("-1-1-", "-2-1-");
    desk.gpg(&["--detach-sign", &next]).expect(0);
    let mut replace = desk.our_repo_add();
    Outcome::of(replace.args(["--verify", "--remove", "story.db.tar.gz", &next])).expect(0);
    assert!(desk.contents("story.db").contains("%VERSION%\n2-1\n"));
    assert!(!package.exists() && !signature(&package).exists());
    let old = desk.story.files().join("story.db.tar.gz.old");
    let verified = desk.gpg.verify_as(&old, &old.with_extension("old.sig"));
    assert_eq!(verified.expect("good"), desk.key);

    let mut delete = desk.our_repo_add();
    Outcome::of(delete.args(["--delete", "story.db.tar.gz", "story"])).expect(0);
    assert_eq!(desk.contents("story.db"), "");
    desk.gpg
        .verify(&desk.story.files().join("story.db"))
        .expect("good");
}

#[test]
fn our_repo_add_is_strict() {
    let Some(desk) = packager() else { return };
    let package = desk.package();
    let add = |arguments: &[&str]| Outcome::of(desk.our_repo_add().args(arguments));
    let is_refused = |outcome: &Outcome, code: i32, complaint: &str| {
        outcome.expect(code);
        outcome.expect_complaint(complaint);
        assert!(!desk.story.files().join("story.db.tar.gz").exists());
    };
    is_refused(
        &add(&["story.db", PACKAGE]),
        2,
        "not the name of a database",
    );
    is_refused(
        &add(&["story.db.tar.gz", "nowhere.pkg.tar.zst"]),
        1,
        "nowhere",
    );
    is_refused(
        &add(&["--key", "other@example.org", "story.db.tar.gz", PACKAGE]),
        2,
        "no enclave holds the key",
    );
    fs::write(desk.story.files().join("story.db.tar.gz.lck"), "1").expect("written");
    is_refused(&add(&["story.db.tar.gz", PACKAGE]), 1, "being changed");
    fs::remove_file(desk.story.files().join("story.db.tar.gz.lck")).expect("removed");

    fs::write(signature(&package), vec![0x88; 16_385]).expect("written");
    is_refused(
        &add(&["story.db.tar.gz", PACKAGE]),
        2,
        "more than 16384 octets",
    );
    fs::remove_file(signature(&package)).expect("removed");
    let armor = [
        "--armor",
        "--output",
        &format!("{PACKAGE}.sig"),
        "-b",
        PACKAGE,
    ];
    desk.gpg(&armor).expect(0);
    is_refused(&add(&["story.db.tar.gz", PACKAGE]), 2, "armored");
}
