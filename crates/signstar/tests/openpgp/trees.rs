//! Certificates where others look for them.

use std::path::Path;

use signstar::sign::{Certificate, NoTree};

use crate::{Software, USER_ID, birth, certificate, programs::Room};

#[test]
fn a_web_key_directory_has_the_names_that_gpg_asks_for() {
    let key = Software::ed25519();
    let ids = [
        "Joe Doe <Joe.Doe@Example.ORG>",
        "Example Images <images@example.com>",
    ];
    let made = Certificate::issue(&key.public(), &ids, birth(), &key).expect("a certificate");
    let files = made.web_key_directory().expect("two addresses");
    let names: Vec<_> = files
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    // The first is the example of draft-koch-openpgp-webkey-service §3.1.
    assert_eq!(
        names,
        [
            "example.com/.well-known/openpgpkey/example.com/hu/d84j5bjgcd9ywbhhz6kh857ujqwe54et",
            "example.com/.well-known/openpgpkey/example.com/policy",
            "example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q",
            "example.org/.well-known/openpgpkey/example.org/policy",
        ]
    );
    for (path, octets) in files.iter().filter(|(path, _)| !path.ends_with("policy")) {
        let read = Certificate::parse(octets).expect("a certificate");
        assert_eq!(read.fingerprint(), made.fingerprint());
        assert_eq!(read.user_ids().count(), 1, "{}", path.display());
    }
    let nameless = Certificate::issue(&key.public(), &["Example"], birth(), &key);
    let error = nameless.expect("good").web_key_directory().expect_err("no");
    assert!(matches!(error, NoTree::NoMail), "{error}");
}

#[test]
fn a_keyring_in_packets_can_be_put_together_again() {
    let key = Software::ed25519();
    let made = certificate(&key);
    let files = made.keyring_packets("packages").expect("a name");
    let fingerprint = made.fingerprint().to_uppercase();
    let id = "Example_Packaging__packages@example.org_45db27b7";
    let root = Path::new("packages").join(&fingerprint);
    let expected = [
        root.join(format!("{fingerprint}.asc")),
        root.join(format!("uid/{id}/{id}.asc")),
        root.join(format!("uid/{id}/certification/{fingerprint}.asc")),
    ];
    assert_eq!(files.keys().cloned().collect::<Vec<_>>(), expected);
    for bad in ["", "..", "a/b", "-x"] {
        assert!(made.keyring_packets(bad).is_err(), "{bad:?}");
    }

    let Some(room) = Room::with("gpg") else {
        return;
    };
    // In the order of packets in a certificate: key, user ID, certification.
    let mut whole = Vec::new();
    for path in &expected {
        room.write("packet.asc", &files[path]);
        whole.extend(
            room.gpg(&["--dearmor", "--output", "-", "packet.asc"])
                .stdout,
        );
    }
    let read = Certificate::parse(&whole).expect("a certificate");
    assert_eq!(
        read.to_octets().expect("octets"),
        made.to_octets().expect("octets")
    );
    assert_eq!(read.user_ids().collect::<Vec<_>>(), [USER_ID]);
}

#[test]
fn a_verifier_of_artifacts_stands_where_the_specification_says() {
    let made = certificate(&Software::ed25519());
    let files = made
        .artifact_verifier("arch", "packages", "default")
        .expect("names");
    let path = format!(
        "arch/packages/default/openpgp/{}.openpgp",
        made.fingerprint()
    );
    assert_eq!(files[Path::new(&path)], made.to_octets().expect("octets"));
    for bad in ["", "..", "a/b", "Arch"] {
        assert!(made.artifact_verifier(bad, "packages", "default").is_err());
    }
}

#[test]
fn gpg_finds_a_key_by_its_web_key_hash() {
    let Some(room) = Room::with("gpg") else {
        return;
    };
    let made = certificate(&Software::ed25519());
    room.write("certificate.pgp", &made.to_octets().expect("octets"));
    room.gpg(&["--import", "certificate.pgp"]);
    let list = room.gpg(&["--with-wkd-hash", "--list-keys"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let files = made.web_key_directory().expect("an address");
    let hash = files
        .keys()
        .find_map(|path| path.parent()?.ends_with("hu").then(|| path.file_name()))
        .flatten()
        .expect("a name")
        .to_string_lossy();
    assert!(list.contains(&*hash), "{hash}: {list}");
}
