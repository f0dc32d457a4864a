//! Certificates of version 6.

use std::fs;

use crate::certificates::{Desk, PACKAGES};

#[test]
fn a_certificate_of_version_6_is_made_and_never_mixed_with_version_4() {
    let Some(desk) = Desk::start("sixth") else {
        return;
    };
    let desk = desk.with_certificate();
    let add = ["certificate", "add", "packages", "--user-id", PACKAGES];
    let sixth = ["--openpgp-v6", "--out", "sixth.pgp"];
    desk.nethsm(&[&add[..], &sixth].concat());
    let octets = fs::read(desk.file("sixth.pgp")).expect("there");
    // A public key packet (RFC 9580 §4.2) of version 6.
    assert_eq!((octets[0], octets[2]), (0xc6, 6));
    // What is stored with the key stays.
    desk.nethsm(&["certificate", "show", "packages", "--out", "stored.pgp"]);
    let read = |name: &str| fs::read(desk.file(name)).expect("there");
    assert_eq!(read("stored.pgp"), read("first.pgp"));

    for (words, what) in [
        (
            &["renew", "packages", "--expires", "2090-01-01"][..],
            "renewed",
        ),
        (
            &[
                "revoke", "packages", "--reason", "retired", "--out", "x.rev",
            ],
            "revoked",
        ),
    ] {
        let from = ["--certificate", "sixth.pgp"];
        let done = desk.try_nethsm(&[&["certificate"], words, &from[..]].concat());
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        let said = String::from_utf8_lossy(&done.stderr);
        let complaint = format!("a certificate of version 6 cannot be {what} here\nhint: ");
        assert!(said.contains(&complaint), "{said}");
    }
    assert!(!desk.file("x.rev").exists());
    assert_eq!(read("stored.pgp"), read("first.pgp"));

    for with in [
        &["--no-store"][..],
        &["--out", "x.pgp", "--expires", "2090-01-01"],
    ] {
        let done = desk.try_nethsm(&[&add[..], &["--openpgp-v6"], with].concat());
        assert_eq!(done.status.code(), Some(2), "{done:?}");
    }
}
