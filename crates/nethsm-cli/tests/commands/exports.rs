//! Private keys taken out of backups.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::device::{Place, Start};

const WITH: &str =
    "--backup-passphrase-file backup.passphrase --unlock-passphrase-file unlock.passphrase";

/// A device with an asymmetric and a Generic key, and its backup.
fn place() -> Option<Place> {
    let place = Place::start("exports", Start::Ready)?;
    place.nethsm("config passphrases backup --first --new-passphrase-file backup.passphrase");
    place.nethsm("key import packages --raw seed --type Curve25519");
    place.nethsm("key import secrets --raw aes.key --type Generic --mechanism AES_Encryption_CBC");
    place.nethsm("key certificate set packages package.zst");
    place.nethsm("backup create nethsm.backup");
    Some(place)
}

#[test]
fn a_key_is_written_for_its_owner_alone() {
    let Some(place) = place() else {
        return;
    };
    let out = place.files.join("packages.pem");
    fs::write(&out, "another key").expect("written");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o644)).expect("own file");
    place.nethsm(&format!(
        "backup export nethsm.backup packages {WITH} --out packages.pem --yes"
    ));
    let mode = out.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    place.nethsm("key import again --pem packages.pem --mechanism EdDSA_Signature");
    for key in ["packages", "again"] {
        place.nethsm(&format!("key public {key} --out {key}.public"));
    }
    let read = |name| fs::read(place.files.join(name)).expect("there");
    assert_eq!(read("packages.public"), read("again.public"));
}

#[test]
fn a_generic_key_and_a_certificate_come_out_as_they_went_in() {
    let Some(place) = place() else {
        return;
    };
    place.nethsm(&format!(
        "backup export nethsm.backup secrets {WITH} --out secrets.key"
    ));
    place.nethsm(&format!(
        "backup export nethsm.backup packages {WITH} --out packages.pem --certificate-out certificate"
    ));
    let read = |name| fs::read(place.files.join(name)).expect("there");
    assert_eq!(read("secrets.key"), read("aes.key"));
    assert_eq!(read("certificate"), read("package.zst"));
}

#[test]
fn nothing_is_taken_out_of_a_damaged_backup() {
    let Some(place) = place() else {
        return;
    };
    let path = place.files.join("nethsm.backup");
    let mut octets = fs::read(&path).expect("there");
    let last = octets.len() - 40;
    octets[last] ^= 1;
    fs::write(&path, octets).expect("written");
    let export = format!("backup export nethsm.backup packages {WITH} --out packages.pem");
    let done = place.run(crate::device::NETHSM, &export);
    assert_eq!(done.status.code(), Some(9));
    assert!(!place.files.join("packages.pem").exists());
}
