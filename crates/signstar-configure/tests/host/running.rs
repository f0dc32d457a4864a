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

#[test]
fn a_host_is_set_up_used_changed_and_cleared() {
    let programs = [
        "systemd-nspawn",
        "unshare",
        "sshd",
        "ssh",
        "nft",
        "systemd-sysusers",
    ];
    if programs.iter().any(|name| installed(name).is_none()) {
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
        .arg(program().parent().expect("a folder"))
        .arg(&here)
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
