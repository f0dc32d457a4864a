//! A real host: systemd, sshd and Unix users, in a container that is thrown away.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::Uid;

use crate::{
    programs::installed,
    setting::{program, skipped},
};

/// What every story takes.
const PROGRAMS: [&str; 5] = [
    "systemd-nspawn",
    "unshare",
    "sshd",
    "ssh",
    "systemd-sysusers",
];

#[test]
fn a_host_is_set_up_used_changed_and_cleared() {
    tell("story.sh", &["nft"], &[]);
}

#[test]
fn holders_of_shares_come_together() {
    let more = ["age", "python3", "strace"];
    tell("ceremony.sh", &more, &["softnethsm", "nethsm"]);
}

/// Runs a story in a container, if all `programs` are installed and all of `ours` are built.
fn tell(story: &str, programs: &[&str], ours: &[&str]) {
    let mut programs = PROGRAMS.iter().chain(programs);
    if programs.any(|name| installed(name).is_none()) {
        return;
    }
    let built = program().parent().expect("a folder");
    if let Some(name) = ours.iter().find(|name| !built.join(name).exists()) {
        skipped(&format!("{name} is not built"));
        return;
    }
    if !Uid::effective().is_root() {
        skipped("only root can start a container");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host");
    let output = Command::new("unshare")
        .args(["--mount", "bash"])
        .arg(here.join("container.sh"))
        .arg(folder.path())
        .arg(built)
        .arg(&here)
        .arg(story)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let story = fs::read_to_string(folder.path().join("story.log")).unwrap_or_default();
    let console = fs::read_to_string(folder.path().join("console.log")).unwrap_or_default();
    if output.status.code() == Some(77) {
        skipped(String::from_utf8_lossy(&output.stderr).trim());
        return;
    }
    assert!(
        story.contains("\nthe end\n") && !story.contains("NOT OK"),
        "{story}\n{console}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
