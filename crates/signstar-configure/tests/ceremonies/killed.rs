//! Ceremonies that end in the middle: whatever was interrupted, the credentials can be opened.

use std::fs;

use crate::setting::{HOLDERS, Host};

#[test]
fn a_renewal_that_is_killed_anywhere_leaves_shares_that_open() {
    let Some(host) = Host::new(&["strace"]) else {
        return;
    };
    host.deploy();
    let secret = host.secret();
    assert!(String::from_utf8_lossy(&secret).contains("unlock"));
    let (mut made, mut replaced) = (0, 0);
    for call in ["rename", "renameat", "fsync", "unlink"] {
        for nth in 1.. {
            for holder in &HOLDERS[..2] {
                host.hands_in(holder, "download in-force");
            }
            let killed = host.killed(&["shares", "renew", "--anew"], call, nth);
            assert_eq!(host.secret(), secret, "making, {call} {nth}");
            if !killed {
                break;
            }
            made += 1;
            // What was begun is put right, whatever it was.
            host.ends(&["shares", "renew", "--abandon"], 0);
        }
        // The last one was not killed: new shares wait.
        for nth in 1.. {
            for holder in HOLDERS {
                host.hands_in(holder, "download");
            }
            let killed = host.killed(&["shares", "renew"], call, nth);
            assert_eq!(host.secret(), secret, "replacing, {call} {nth}");
            if !killed {
                break;
            }
            replaced += 1;
            let told = host.ends(&["shares", "status"], 0);
            if !told.contains("waits to be confirmed") {
                // They were in force before it was killed: once more.
                host.ends(&["shares", "renew"], 0);
                for holder in &HOLDERS[..2] {
                    host.hands_in(holder, "download");
                }
                host.ends(&["shares", "renew", "--anew"], 20);
            }
        }
        assert_eq!(host.uploads(), 0);
        let told = host.ends(&["shares", "status"], 0);
        assert!(!told.contains("waits to be confirmed"), "{told}");
    }
    assert!(made > 20 && replaced > 10, "{made} and {replaced} times");
    let sets = fs::read_dir(host.path("administration/shares")).expect("there");
    let folders = sets.flatten().filter(|one| one.path().is_dir());
    assert_eq!(folders.count(), 1);
}

#[test]
fn a_first_deployment_that_is_killed_anywhere_comes_to_its_end() {
    let Some(host) = Host::new(&["strace"]) else {
        return;
    };
    let apply = ["hsm", "apply", "--trust-new", &host.pin];
    let mut killed = 0;
    // Before anybody has confirmed: shares are made.
    for call in ["renameat", "fsync"] {
        for nth in 1.. {
            // Nothing of the last try is left.
            let begun = host.path("administration/shares");
            fs::remove_dir_all(&begun).or_else(gone).expect("removed");
            if !host.killed(&apply, call, nth) {
                break;
            }
            killed += 1;
            host.ends(&["shares", "status"], 0);
            host.ends(&apply, 20);
        }
    }
    assert!(killed > 20, "{killed} times");
    host.ends(&apply, 20);
    for holder in HOLDERS {
        host.hands_in(holder, "download");
    }
    // Afterwards: they are put in force, credentials are made up, the device gets them.
    let mut secrets = Vec::new();
    killed = 0;
    // Every run goes on where the one before was killed, so it is killed early, and later and later.
    let early = [("rename", 1), ("fsync", 1), ("fsync", 5), ("renameat", 2)];
    let at_the_device = (1..).step_by(2).map(|nth| ("sendto", nth));
    for (call, nth) in early.into_iter().chain(at_the_device) {
        if host.uploads() == 0 {
            for holder in HOLDERS {
                host.hands_in(holder, "download");
            }
        }
        let was_killed = host.killed(&apply, call, nth);
        if host.path("administration/shares/in-force").exists() {
            secrets.push(String::from_utf8(host.secret()).expect("JSON"));
        }
        if !was_killed {
            break;
        }
        killed += 1;
    }
    assert!(killed > 10, "{killed} times");
    // Once there are credentials, they are the same for ever.
    secrets.retain(|secret| secret != "{}");
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    for holder in &HOLDERS[1..] {
        host.hands_in(holder, "download");
    }
    host.ends(&["hsm", "plan"], 0);
    host.ends(&apply, 0);
    assert_eq!(host.uploads(), 0);
}

/// That nothing was there is no error.
fn gone(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}
