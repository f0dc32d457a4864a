//! What `pacman` makes of the signatures of an enclave.

use std::{fs, path::Path};

use crate::{distribution::Distribution, story::signature};

/// Changes one octet in the middle.
fn tamper(path: &Path) {
    let mut octets = fs::read(path).expect("readable");
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(path, octets).expect("written");
}

#[test]
fn pacman_installs_what_the_enclave_has_signed() {
    let Some(distribution) = Distribution::ready() else {
        return;
    };
    distribution.pacman(&["-Sy"]).expect(0);
    distribution.pacman(&["-S", "story"]).expect(0);
    let installed = fs::read_to_string(distribution.installed()).expect("installed");
    assert_eq!(installed, "installed by pacman\n");

    // The database carries the signature of the package, and the file has it too.
    let local = distribution.package.to_string_lossy().into_owned();
    distribution.pacman(&["-R", "story"]).expect(0);
    assert!(!distribution.installed().exists());
    distribution.pacman(&["-U", &local]).expect(0);
    assert!(distribution.installed().exists());
}

#[test]
fn pacman_refuses_a_package_that_was_tampered_with() {
    let Some(distribution) = Distribution::ready() else {
        return;
    };
    let good = fs::read(&distribution.package).expect("readable");
    tamper(&distribution.package);
    distribution.is_refused("invalid or corrupted package");

    // Nor is it of use to put another one into the database, with the signature of the first.
    let mut other = good.clone();
    // RFC 8878 §3.1.2: an empty frame that readers skip.
    other.extend([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    fs::write(&distribution.package, other).expect("written");
    distribution.publish();
    distribution.is_refused("signature from");
    distribution.sign_database("database");
    distribution.is_refused("invalid or corrupted package (PGP signature)");

    fs::write(&distribution.package, good).expect("written");
    distribution.publish();
    distribution.sign_database("database");
    distribution.pacman(&["-Syy", "story"]).expect(0);
}

#[test]
fn pacman_refuses_a_database_that_was_tampered_with() {
    let Some(distribution) = Distribution::ready() else {
        return;
    };
    let good = fs::read(&distribution.database).expect("readable");
    tamper(&distribution.database);
    distribution.is_refused("is invalid");
    fs::write(&distribution.database, good).expect("written");

    let link = signature(&distribution.database.with_file_name("story.db"));
    let kept = fs::read(&link).expect("there");
    fs::remove_file(&link).expect("removed");
    distribution.is_refused("story.db.sig");
    fs::write(&link, kept).expect("written");
    distribution.pacman(&["-Syy", "story"]).expect(0);
}

#[test]
fn pacman_refuses_the_key_of_another_client() {
    let Some(distribution) = Distribution::ready() else {
        return;
    };
    distribution.sign_database("other");
    distribution.is_refused("key");
    distribution.sign_package("other");
    distribution.publish();
    distribution.sign_database("database");
    distribution.is_refused("key");

    distribution.sign_package("packages");
    distribution.publish();
    distribution.sign_database("database");
    distribution.pacman(&["-Syy", "story"]).expect(0);
}
