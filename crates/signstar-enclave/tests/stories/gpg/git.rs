//! `git commit -S`, `git tag -s` and what checks them.

use super::Desk;
use crate::story::{Outcome, is_installed, program};

impl Desk {
    fn git(&self, arguments: &[&str]) -> Outcome {
        let mut git = self.run("git");
        git.args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgSign=false",
        ]);
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_GLOBAL"] {
            git.env_remove(variable);
        }
        Outcome::of(git.env("GIT_CONFIG_NOSYSTEM", "1").args(arguments))
    }
}

fn repository() -> Option<Desk> {
    if !is_installed("git") {
        return None;
    }
    let desk = Desk::ready();
    desk.git(&["init", "-q", "."]).expect(0);
    // Who signs is found by this name when no key is set.
    let (name, address) = desk
        .user_id
        .split_once(" <")
        .expect("a name and an address");
    desk.git(&["config", "user.name", name]).expect(0);
    desk.git(&["config", "user.email", address.trim_end_matches('>')])
        .expect(0);
    Some(desk)
}

#[test]
fn commits_and_tags_are_signed_and_verify() {
    let Some(desk) = repository() else { return };
    let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "A change"];
    desk.git(&commit).expect(0);
    desk.git(&["verify-commit", "HEAD"]).expect(0);
    let log = desk.git(&["log", "--show-signature", "-1"]);
    log.expect(0);
    assert!(log.stdout.contains("gpg: Good signature from"), "{log:#?}");

    desk.git(&["config", "user.signingKey", &desk.key])
        .expect(0);
    desk.git(&["tag", "-s", "-m", "A release", "v1"]).expect(0);
    let tag = desk.git(&["tag", "-v", "v1"]);
    tag.expect(0);
    tag.expect_complaint("Good signature from");
    assert_eq!(desk.story.journal().len(), 2);
}

#[test]
fn gpg_program_is_enough() {
    let Some(desk) = repository() else { return };
    std::fs::remove_file(desk.bin().join("gpg")).expect("removed");
    let ours = program("signstar-gpg");
    desk.git(&["config", "gpg.program", &ours.to_string_lossy()])
        .expect(0);
    desk.git(&["commit", "-q", "-S", "--allow-empty", "-m", "A change"])
        .expect(0);
    desk.git(&["verify-commit", "HEAD"]).expect(0);
}

#[test]
fn without_a_signature_there_is_no_commit() {
    let Some(desk) = repository() else { return };
    desk.refuse_everything();
    let outcome = desk.git(&["commit", "-q", "-S", "--allow-empty", "-m", "A change"]);
    outcome.expect(128);
    outcome.expect_complaint("gpg failed to sign the data");
    desk.git(&["rev-parse", "--verify", "-q", "HEAD"]).expect(1);
}
