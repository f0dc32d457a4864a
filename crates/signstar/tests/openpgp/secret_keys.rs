//! Secret keys that `gpg` made, on their way into an HSM.

use signstar::sign::{Certificate, InvalidSecretKey, PrivateKey, SecretKey, Subkeys};

use crate::{USER_ID, programs::Room};

/// A room in which `gpg` has made a key, protected by `passphrase`.
struct Maker {
    room: Room,
    passphrase: &'static str,
}

impl Maker {
    fn new(algorithm: &str, passphrase: &'static str) -> Option<Self> {
        let room = Room::with("gpg")?;
        let maker = Self { room, passphrase };
        maker.run(&["--quick-generate-key", USER_ID, algorithm, "sign", "never"]);
        Some(maker)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let quiet = [
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
        ];
        let words = quiet.iter().chain([&self.passphrase]).chain(arguments);
        let output = self.room.run("gpg", words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {told}");
        output.stdout
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.room.run("gpgconf", ["--kill", "all"]);
    }
}

#[test]
fn keys_of_gpg_can_be_moved() {
    for (algorithm, kind) in [
        ("ed25519", "Ed25519(..)"),
        ("rsa2048", "Rsa(..)"),
        ("nistp256", "P256(..)"),
        ("nistp384", "P384(..)"),
        ("nistp521", "P521(..)"),
    ] {
        for passphrase in ["", "correct horse"] {
            let Some(maker) = Maker::new(algorithm, passphrase) else {
                return;
            };
            let armored = maker.run(&["--armor", "--export-secret-keys"]);
            let binary = maker.run(&["--export-secret-keys"]);
            let given = (!passphrase.is_empty()).then_some(passphrase);
            for octets in [&armored, &binary] {
                let key = SecretKey::parse(octets, given, Subkeys::Refuse).expect(algorithm);
                assert_eq!(format!("{:?}", key.private()), kind);
                let ids: Vec<_> = key.certificate().user_ids().collect();
                assert_eq!(ids, [USER_ID]);
                assert!(key.left_behind().is_empty());
            }
            let length = match SecretKey::parse(&binary, given, Subkeys::Refuse)
                .expect(algorithm)
                .private()
            {
                PrivateKey::Rsa {
                    prime_p,
                    prime_q,
                    exponent,
                } => {
                    assert_eq!(**exponent, [1, 0, 1]);
                    prime_p.len() + prime_q.len()
                }
                PrivateKey::P256(octets)
                | PrivateKey::P384(octets)
                | PrivateKey::P521(octets)
                | PrivateKey::Ed25519(octets) => octets.len(),
            };
            let expected = match algorithm {
                "rsa2048" => 256,
                "nistp384" => 48,
                "nistp521" => 66,
                _ => 32,
            };
            assert_eq!(length, expected, "{algorithm}");
            if given.is_some() {
                let none = SecretKey::parse(&binary, None, Subkeys::Refuse);
                assert!(matches!(none, Err(InvalidSecretKey::Protected)), "{none:?}");
                let wrong = SecretKey::parse(&binary, Some("battery"), Subkeys::Refuse);
                assert!(
                    matches!(wrong, Err(InvalidSecretKey::Passphrase)),
                    "{wrong:?}"
                );
            }
        }
    }
}

#[test]
fn subkeys_are_named_and_never_dropped_in_silence() {
    let Some(maker) = Maker::new("ed25519", "") else {
        return;
    };
    let list = maker.run(&["--list-keys", "--with-colons"]);
    let list = String::from_utf8_lossy(&list).into_owned();
    let fingerprint = list
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .expect("a fingerprint")
        .trim_end_matches(':');
    maker.run(&["--quick-add-key", fingerprint, "cv25519", "encr", "never"]);
    maker.run(&["--quick-add-key", fingerprint, "ed25519", "sign", "never"]);
    let octets = maker.run(&["--export-secret-keys"]);
    match SecretKey::parse(&octets, None, Subkeys::Refuse) {
        Err(InvalidSecretKey::Subkeys(names)) => assert_eq!(names.len(), 2, "{names:?}"),
        other => panic!("{other:?}"),
    }
    let moved = SecretKey::parse(&octets, None, Subkeys::LeaveBehind).expect("the primary key");
    assert_eq!(moved.left_behind().len(), 2);

    // What GnuPG exports when the primary key is kept elsewhere.
    let octets = maker.run(&["--export-secret-subkeys"]);
    let absent = SecretKey::parse(&octets, None, Subkeys::LeaveBehind);
    assert!(
        matches!(absent, Err(InvalidSecretKey::Absent)),
        "{absent:?}"
    );
}

#[test]
fn what_is_no_secret_key_is_refused() {
    let Some(maker) = Maker::new("ed25519", "") else {
        return;
    };
    let octets = maker.run(&["--export-secret-keys"]);
    let public = maker.run(&["--export"]);
    assert!(Certificate::armor(&public).is_ok());
    assert!(Certificate::armor(&octets).is_err());
    for bad in [
        &b""[..],
        &public,
        &[octets.clone(), octets.clone()].concat(),
        b"-----BEGIN",
    ] {
        let read = SecretKey::parse(bad, None, Subkeys::Refuse);
        assert!(
            matches!(read, Err(InvalidSecretKey::Malformed(_))),
            "{read:?}"
        );
    }
    for length in 0..octets.len() {
        assert!(SecretKey::parse(&octets[..length], None, Subkeys::Refuse).is_err());
    }
    // None of this panics or hands out another key.
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 1;
        let _ = SecretKey::parse(&changed, None, Subkeys::Refuse);
    }
}
