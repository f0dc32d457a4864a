//! What is not done, and why.

use std::fs;

use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use crate::setting::{HOLDERS, Host, skipped, told};

#[test]
fn while_new_shares_wait_credentials_do_not_change() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    host.deploy();
    for holder in &HOLDERS[..2] {
        host.hands_in(holder, "download");
    }
    host.ends(&["shares", "renew", "--anew"], 20);
    let secret = host.secret();
    let path = host.path("signstar.toml");
    let text = fs::read_to_string(&path).expect("there");
    let more = text.replace(
        "timeout-seconds = 30",
        "timeout-seconds = 30\nadministrators = [\"admin\", \"second\"]",
    );
    fs::write(&path, more).expect("written");
    for holder in &HOLDERS[..2] {
        host.hands_in(holder, "download in-force");
    }
    let told = host.ends(&["hsm", "apply"], 1);
    assert!(told.contains("new shares wait to be confirmed"), "{told}");
    assert_eq!(host.secret(), secret);
    for holder in HOLDERS {
        host.hands_in(holder, "download");
    }
    host.ends(&["shares", "renew"], 0);
    for holder in &HOLDERS[1..] {
        host.hands_in(holder, "download");
    }
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(told.contains("second"), "{told}");
    assert!(String::from_utf8_lossy(&host.secret()).contains("second"));
}

#[test]
fn a_share_is_not_taken_where_it_would_reach_a_disk() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    let disk = host.path("disk");
    if statfs(host.folder.path()).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC) {
        skipped("the folder for temporary files is in memory");
        return;
    }
    host.declare(2, &HOLDERS, &disk);
    host.ends(&["hsm", "apply", "--trust-new", &host.pin], 20);
    let sealed = host.asks("holder-a", "download", b"");
    let share = host.decrypted("holder-a", &sealed.stdout);
    let refused = host.asks("holder-a", "upload", &share);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("not on a tmpfs"),
        "{}",
        told(&refused)
    );
    assert_eq!(
        fs::read_dir(disk.join("holder-a")).expect("made").count(),
        0
    );
}

#[test]
fn a_plan_for_programs_has_what_is_to_be_done_about_shares() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    let told = host.ends(&["hsm", "plan", "--json", "--trust-new", &host.pin], 10);
    let plan: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let steps = &plan["[administration]"]["steps"];
    let first = steps[0].as_str().expect("one");
    assert!(first.contains("make shares for 3 holders"), "{first}");
    assert!(plan["main"]["steps"].as_array().is_some());
    let told = host.ends(&["shares", "renew"], 22);
    assert!(told.contains("hsm apply"), "{told}");
}

#[test]
fn who_holds_no_share_gets_nothing() {
    let Some(host) = Host::new(&[]) else {
        return;
    };
    host.ends(&["hsm", "apply", "--trust-new", &host.pin], 20);
    let stranger = host.asks("holder-z", "download", b"");
    assert_eq!(stranger.status.code(), Some(3), "{}", told(&stranger));
    assert_eq!(told(&stranger).lines().next(), Some("error: not permitted"));
    // Somebody who is to hold a share, and for whom none was made yet.
    host.declare(2, &HOLDERS[..2], host.volatile.path());
    host.ends(&["shares", "renew"], 0);
    host.declare(2, &HOLDERS, host.volatile.path());
    let early = host.asks("holder-c", "upload", b"anything");
    assert_eq!(early.status.code(), Some(3));
    assert!(
        told(&early).contains("no share of yours"),
        "{}",
        told(&early)
    );
    let journal = fs::read_to_string(host.path("journal")).expect("written");
    assert!(
        journal.contains("\"outcome\":\"not-permitted\""),
        "{journal}"
    );
    assert!(!journal.contains("anything"), "{journal}");
}
