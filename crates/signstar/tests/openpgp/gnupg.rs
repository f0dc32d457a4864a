//! What is made here verifies with `gpg` and `sqv`, and what `gpg` makes verifies here.

use signstar::sign::{Certificate, Detached, DoesNotVerify, InvalidCertificate};

use crate::{FILE, Software, USER_ID, certificate, enclave, programs::Room, sign, state};

#[test]
fn gpg_accepts_every_kind_of_key() {
    let Some(room) = Room::with("gpg") else {
        return;
    };
    room.write("file", FILE);
    room.write("tampered", b"what somebody else has built");
    for (kind, key) in Software::all() {
        let certificate = certificate(&key);
        let detached = sign(FILE, &enclave(certificate.clone(), key)).expect("a signature");
        room.write("certificate.pgp", &certificate.to_octets().expect("octets"));
        room.write("file.sig", &detached.to_octets().expect("octets"));
        room.write("file.asc", detached.to_armored().expect("armor").as_bytes());
        room.gpg(&["--import", "certificate.pgp"]);

        for signature in ["file.sig", "file.asc"] {
            let output = room.gpg(&["--status-fd", "1", "--verify", signature, "file"]);
            let status = String::from_utf8_lossy(&output.stdout);
            let valid = format!("VALIDSIG {}", certificate.fingerprint().to_uppercase());
            assert!(status.contains(&valid), "{kind}: {status}");
            assert!(
                status.contains("NOTATION_NAME data-digest@signstar.example.org"),
                "{kind}: {status}"
            );
            assert!(
                status.contains("NOTATION_DATA packages"),
                "{kind}: {status}"
            );
            let output = room.try_gpg(&["--verify", signature, "tampered"]);
            assert!(!output.status.success(), "{kind}: {output:?}");
        }
    }
}

#[test]
fn sqv_accepts_every_kind_of_key() {
    let Some(room) = Room::with("sqv") else {
        return;
    };
    room.write("file", FILE);
    room.write("tampered", b"what somebody else has built");
    for (kind, key) in Software::all() {
        let certificate = certificate(&key);
        let detached = sign(FILE, &enclave(certificate.clone(), key)).expect("a signature");
        room.write("certificate.pgp", &certificate.to_octets().expect("octets"));
        room.write("file.sig", &detached.to_octets().expect("octets"));

        let verify = |file| ["--keyring", "certificate.pgp", "file.sig", file];
        let output = room.run("sqv", verify("file"));
        assert!(output.status.success(), "{kind}: {output:?}");
        let fingerprint = String::from_utf8_lossy(&output.stdout)
            .trim()
            .to_lowercase();
        assert_eq!(fingerprint, certificate.fingerprint(), "{kind}");
        let output = room.run("sqv", verify("tampered"));
        assert!(!output.status.success(), "{kind}: {output:?}");
    }
}

/// A room with a key of `gpg` of one kind, and `file`.
struct Issuer(Room);

impl Issuer {
    fn new(algorithm: &str, usage: &str) -> Option<Self> {
        let issuer = Self(Room::with("gpg")?);
        issuer.0.write("file", FILE);
        let words = ["--quick-generate-key", USER_ID, algorithm, usage, "never"];
        issuer.secret(&words);
        Some(issuer)
    }

    /// Runs `gpg` with its agent, which the end of this issuer ends.
    #[track_caller]
    fn secret(&self, arguments: &[&str]) {
        let quiet = [
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ];
        let output = self.0.run("gpg", quiet.iter().chain(arguments));
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {words}");
    }

    fn certificate(&self) -> Result<Certificate, InvalidCertificate> {
        let binary = self.0.gpg(&["--export"]).stdout;
        let armored = self.0.gpg(&["--export", "--armor"]).stdout;
        let read = Certificate::parse(&binary)?;
        let again = Certificate::parse(&armored).expect("as binary");
        assert_eq!(again.fingerprint(), read.fingerprint());
        Ok(read)
    }

    fn sign(&self, options: &[&str]) -> Detached {
        let words = ["--output", "file.sig", "--detach-sign", "file"];
        self.secret(&[options, &words].concat());
        Detached::from_octets(&self.0.read("file.sig")).expect("a signature")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.0.run("gpgconf", ["--kill", "all"]);
    }
}

const SHA512: [&str; 2] = ["--digest-algo", "SHA512"];

#[test]
fn what_gpg_signs_verifies_here() {
    for algorithm in [
        "ed25519", "rsa2048", "rsa3072", "nistp256", "nistp384", "nistp521",
    ] {
        let Some(issuer) = Issuer::new(algorithm, "sign") else {
            return;
        };
        let certificate = issuer.certificate().expect("a certificate");
        assert_eq!(certificate.user_ids().collect::<Vec<_>>(), [USER_ID]);
        let detached = issuer.sign(&SHA512);
        detached
            .verify(&certificate, &state(FILE))
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        detached
            .verify(&certificate, &state(b"another file"))
            .expect_err(algorithm);
    }
}

#[test]
fn a_signing_subkey_of_gpg_verifies_here() {
    let Some(issuer) = Issuer::new("ed25519", "cert") else {
        return;
    };
    let alone = issuer.certificate();
    assert!(
        matches!(alone, Err(InvalidCertificate::NoSigningKey)),
        "{alone:?}"
    );
    let primary = issuer.0.gpg(&["--list-keys", "--with-colons"]).stdout;
    let primary = String::from_utf8_lossy(&primary);
    let fingerprint = primary
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .expect("a fingerprint")
        .trim_end_matches(':');
    issuer.secret(&["--quick-add-key", fingerprint, "ed25519", "sign", "never"]);
    let certificate = issuer.certificate().expect("a certificate");
    let detached = issuer.sign(&SHA512);
    detached
        .verify(&certificate, &state(FILE))
        .expect("by the subkey");
    assert_ne!(detached.issuers(), [certificate.fingerprint()]);
}

#[test]
fn a_revoked_certificate_verifies_nothing() {
    let Some(issuer) = Issuer::new("ed25519", "sign") else {
        return;
    };
    let fingerprint = issuer.certificate().expect("a certificate").fingerprint();
    let revocation = format!("openpgp-revocs.d/{}.rev", fingerprint.to_uppercase());
    let revocation = String::from_utf8(issuer.0.read(&revocation)).expect("text");
    // gpg puts a colon before it, lest somebody import it by accident.
    let revocation = revocation.replace(":-----BEGIN", "-----BEGIN");
    issuer.0.write("revocation.asc", revocation.as_bytes());
    issuer.0.gpg(&["--import", "revocation.asc"]);
    let revoked = issuer.certificate();
    assert!(
        matches!(revoked, Err(InvalidCertificate::Revoked)),
        "{revoked:?}"
    );
}

#[test]
fn other_signatures_of_gpg_are_not_taken() {
    let Some(issuer) = Issuer::new("rsa2048", "sign") else {
        return;
    };
    let certificate = issuer.certificate().expect("a certificate");
    for options in [
        &["--digest-algo", "SHA256"][..],
        &["--digest-algo", "SHA384"],
        &["--digest-algo", "SHA512", "--textmode"],
    ] {
        let error = issuer
            .sign(options)
            .verify(&certificate, &state(FILE))
            .expect_err("another kind");
        assert!(
            matches!(error, DoesNotVerify::Unsupported),
            "{options:?}: {error}"
        );
    }
}
