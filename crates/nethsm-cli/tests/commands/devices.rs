//! Several devices as one, named on the command line.

use std::process::Output;

use crate::device::{NETHSM, Place, Start};

/// Nobody listens there.
const NOBODY: &str = "https://127.0.0.1:1";

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn the_next_one_signs_when_nobody_listens_at_the_first() {
    let Some(place) = Place::start("devices", Start::Ready) else {
        return;
    };
    place.nethsm("key import packages --raw seed --type Curve25519");
    let (url, tls) = (place.url(), place.tls());
    let by = "--user packager --passphrase-file packager.passphrase";
    let devices = format!("--url {NOBODY} --url {url} --tls system --tls {tls}");
    let done = place.run(
        NETHSM,
        &format!("{devices} {by} key sign packages package.zst"),
    );
    assert!(done.status.success(), "{}", said(&done));
    let warning = format!("warning: {NOBODY}/api/v1: the device cannot be reached\n");
    assert_eq!(said(&done), warning);

    let done = place.run(NETHSM, &format!("{devices} --tls system {by} key list"));
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("3 TLS modes for 2"), "{}", said(&done));
}

#[test]
fn a_wrong_passphrase_is_not_taken_to_the_next() {
    let Some(place) = Place::start("devices", Start::Several) else {
        return;
    };
    let wrong = "--profile both --user packager --passphrase-file other.passphrase";
    let done = place.run(NETHSM, &format!("{wrong} key list"));
    assert_eq!(done.status.code(), Some(3));
    let error = format!("error: {}/api/v1: the device does not know", place.url());
    assert!(said(&done).starts_with(&error), "{}", said(&done));
}

#[test]
fn an_openpgp_signature_comes_from_the_one_that_is_well() {
    let Some(place) = Place::start("devices", Start::Several) else {
        return;
    };
    place.nethsm("--profile test lock");
    place.nethsm("--profile both openpgp certificate add packages --user-id Packages");
    place.nethsm("--profile both openpgp sign packages package.zst --domain example.org");
    assert!(place.files.join("package.zst.sig").exists());
}
