//! Secret keys that `gpg` made, moved into the device.

use std::fs;

use crate::certificates::Desk;

const USER_ID: &str = "Example Packaging <packages@example.org>";

impl Desk {
    /// Has `gpg` make a key without a passphrase, and export it.
    fn secret(&self, algorithm: &str, subkeys: &[(&str, &str)]) -> String {
        let quiet = ["--pinentry-mode", "loopback", "--passphrase", ""];
        let make = ["--quick-generate-key", USER_ID, algorithm, "sign", "never"];
        let made = self.gpg(&[&quiet[..], &make].concat());
        let (_, fingerprint) = made
            .lines()
            .find_map(|line| line.strip_prefix("[GNUPG:] KEY_CREATED "))
            .expect("a key")
            .split_once(' ')
            .expect("a fingerprint");
        for (algorithm, usage) in subkeys {
            let add = [
                "--quick-add-key",
                fingerprint.trim(),
                algorithm,
                usage,
                "never",
            ];
            self.gpg(&[&quiet[..], &add].concat());
        }
        let export = ["--output", "made.pgp", "--export-secret-keys"];
        self.gpg(&[&quiet[..], &export, &[fingerprint.trim()]].concat());
        fingerprint.trim().to_owned()
    }
}

#[test]
fn a_key_of_gpg_signs_in_the_device_from_now_on() {
    let Some(desk) = Desk::start("moved") else {
        return;
    };
    for algorithm in ["ed25519", "rsa2048", "nistp256", "nistp384", "nistp521"] {
        let fingerprint = desk.secret(algorithm, &[]);
        desk.nethsm(&["import", "made.pgp", "--key-id", algorithm]);
        let sign = ["sign", algorithm, "package.zst", "--domain", "example.org"];
        desk.nethsm(&sign);
        let status = desk.gpg(&["--verify", "package.zst.sig", "package.zst"]);
        let valid = format!("VALIDSIG {fingerprint}");
        assert!(status.contains(&valid), "{algorithm}: {status}");
        let again = desk.try_nethsm(&["import", "made.pgp", "--key-id", algorithm]);
        assert_eq!(again.status.code(), Some(7), "{algorithm}");
    }
}

#[test]
fn subkeys_are_named_and_stay_behind_only_when_told() {
    let Some(desk) = Desk::start("subkeys") else {
        return;
    };
    desk.secret("ed25519", &[("cv25519", "encr"), ("ed25519", "sign")]);
    let list = desk.gpg(&["--with-colons", "--list-keys"]);
    let fingerprints = list
        .lines()
        .filter_map(|line| line.strip_prefix("fpr:::::::::"));
    let subkeys: Vec<_> = fingerprints
        .skip(1)
        .map(|line| line.trim_end_matches(':').to_lowercase())
        .collect();
    assert_eq!(subkeys.len(), 2);
    let import = ["import", "made.pgp", "--key-id", "moved"];
    let done = desk.try_nethsm(&import);
    assert_eq!(done.status.code(), Some(2));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    for subkey in &subkeys {
        assert!(said.contains(subkey), "{subkey}: {said}");
    }
    let keys = desk.place.run(crate::device::NETHSM, "key list");
    assert_eq!(String::from_utf8_lossy(&keys.stdout).trim(), "");

    let said = desk.nethsm(&[&import[..], &["--without-subkeys"]].concat());
    for subkey in &subkeys {
        assert!(said.contains(subkey), "{subkey}: {said}");
    }
    desk.nethsm(&[
        "certificate",
        "export",
        "moved",
        "--as",
        "binary",
        "--out",
        "moved.pgp",
    ]);
    let shown = desk.gpg(&["--with-colons", "--show-keys", "moved.pgp"]);
    assert_eq!(shown.matches("\nsub:").count(), 2, "{shown}");
}

#[test]
fn without_the_right_operator_no_certificate_is_stored() {
    let Some(desk) = Desk::start("restricted") else {
        return;
    };
    desk.secret("ed25519", &[]);
    // The operator of the profile does not have this tag.
    let done = desk.try_nethsm(&["import", "made.pgp", "--key-id", "moved", "--tag", "berlin"]);
    assert_eq!(done.status.code(), Some(9));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("nethsm key remove"), "{said}");
    let slot = desk
        .place
        .run(crate::device::NETHSM, "key certificate show moved");
    assert_eq!(slot.status.code(), Some(6));
}

#[test]
fn what_is_no_secret_key_does_not_get_in() {
    let Some(desk) = Desk::start("nonsense") else {
        return;
    };
    desk.secret("ed25519", &[]);
    desk.gpg(&["--output", "public.pgp", "--export"]);
    fs::write(desk.file("empty"), b"").expect("written");
    for file in ["public.pgp", "empty", "package.zst"] {
        let done = desk.try_nethsm(&["import", file, "--key-id", "moved"]);
        assert_eq!(done.status.code(), Some(9), "{file}");
    }
}
