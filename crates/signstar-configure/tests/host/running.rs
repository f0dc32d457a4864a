//! A real host: systemd, sshd and Unix users, in a container that is thrown away.

use std::{
    fs,
    path::{Path, PathBuf},
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
    tell("story.sh", &["nft"], &[], Path::new("/"));
}

#[test]
fn holders_of_shares_come_together() {
    let more = ["age", "python3", "strace"];
    tell(
        "ceremony.sh",
        &more,
        &["softnethsm", "nethsm"],
        Path::new("/"),
    );
}

#[test]
fn a_host_is_operated_by_the_book() {
    let more = ["ip", "nft", "openssl", "pkill"];
    let ours = [
        "signstar-log",
        "signstar-request-signature",
        "signstar-sign",
        "softnethsm",
    ];
    tell("day.sh", &more, &ours, Path::new("/"));
}

#[test]
fn the_log_signs_on_while_its_operator_is_rotated() {
    let more = ["ip", "openssl"];
    let ours = [
        "signstar-log",
        "signstar-request-signature",
        "signstar-sign",
        "softnethsm",
    ];
    tell("log.sh", &more, &ours, Path::new("/"));
}

#[test]
fn a_host_with_a_yubihsm2_keeps_its_log() {
    let ours = [
        "signstar-request-signature",
        "signstar-sign",
        "yubihsm-mock",
    ];
    tell("stick.sh", &["ip"], &ours, Path::new("/"));
}

#[test]
fn a_ceremony_goes_by_the_book() {
    let ours = ["softnethsm"];
    tell(
        "ceremony-page.sh",
        &["age", "openssl"],
        &ours,
        Path::new("/"),
    );
}

#[test]
fn passphrases_open_for_one_unix_user_on_one_host() {
    let Some(below) = newer_host() else { return };
    let ours = ["signstar-sign", "signstar-request-signature", "softnethsm"];
    tell("sealed.sh", &[], &ours, &below);
}

/// A root whose systemd binds secrets to Unix users: that of this host, or what `.ci/newer-host` made.
fn newer_host() -> Option<PathBuf> {
    let program = installed("systemd-creds")?;
    let told = Command::new(program).arg("--version").output();
    let told = String::from_utf8(told.expect("it runs").stdout).expect("text");
    let version = told.split_whitespace().nth(1).expect("systemd VERSION");
    let version = version
        .split(|letter: char| !letter.is_ascii_digit())
        .next();
    if version.is_some_and(|version| version.parse().is_ok_and(|version: u32| version >= 256)) {
        return Some("/".into());
    }
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/newer-host");
    if made.join("made").exists() {
        return Some(made.join("root"));
    }
    skipped("systemd is older than 256, and `.ci/newer-host` has made no newer one");
    None
}

/// Runs a story in a container, if all `programs` are installed and all of `ours` are built. Its root
/// is `below`, with a layer in front.
fn tell(story: &str, programs: &[&str], ours: &[&str], below: &Path) {
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
        .arg(below)
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
