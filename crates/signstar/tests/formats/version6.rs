//! OpenPGP of version 6: first a salt, then a signature.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use signstar::{
    Enclave,
    refusal::Code,
    request::{Input, Output, OutputType, Request, Salt},
    response::Answer,
    sign::{
        Certificate, Detached, Message, PublicKey, Reason, Renewal, Revocation, Signer,
        SignerError, SigningKey,
    },
};

use crate::{
    FILE, USER_ID, ask, birth, domain, enclave, programs::Room, sign, software::Software, state,
};

fn certificate(public: &PublicKey, signer: &dyn Signer) -> Certificate {
    let mut next = 0;
    let mut random = || {
        next += 1;
        Salt::new([next; Salt::OCTETS])
    };
    Certificate::issue_v6(public, &[USER_ID], birth(), &mut random, signer).expect("a certificate")
}

fn key(certificate: Certificate, signer: impl Signer + 'static) -> SigningKey {
    let notations = [("origin@example.org".to_owned(), "packages".to_owned())];
    SigningKey::new(certificate, Box::new(signer), domain(), notations.into())
        .with_signer_user_id(USER_ID.to_owned())
        .expect("a user ID of the certificate")
}

fn salt(enclave: &Enclave) -> Salt {
    match ask(enclave, Input::Nothing, Output::OpenPgpV6Salt).expect("a salt") {
        Answer::Salt { salt, .. } => salt,
        other => panic!("in place of a salt: {other:?}"),
    }
}

/// The state after the salt and the file.
fn salted(salt: &Salt, file: &[u8]) -> Input {
    state(&[salt.as_octets(), file].concat()).into()
}

#[test]
fn every_kind_of_key_signs_after_its_salt() {
    for (kind, software) in Software::all() {
        let certificate = certificate(&software.public(), &software);
        assert!(certificate.is_v6());
        assert_eq!(certificate.fingerprint().len(), 64);
        assert_eq!(certificate.public_key(), Some(software.public()));
        let enclave = enclave(key(certificate.clone(), software), OutputType::OpenPgpV6);
        for length in [0, 95, 96, 97, 1000] {
            let file = vec![b'x'; length];
            let salt = salt(&enclave);
            let text = sign(&enclave, salted(&salt, &file), Output::OpenPgpV6(salt))
                .unwrap_or_else(|refused| panic!("{kind}: {:?}", refused.cause()));
            let detached = Detached::from_armored(&text).expect("a signature");
            assert_eq!(detached.salt(), Some(salt));
            assert_eq!(detached.issuers(), [certificate.fingerprint()]);
            let Input::State(input) = salted(&salt, &file) else {
                panic!("a state");
            };
            detached
                .verify(&certificate, &input)
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
            detached
                .check_without_certificate(&input)
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert!(detached.verify(&certificate, &state(&file)).is_err());
        }
    }
}

#[test]
fn certificates_of_version_6_are_read_as_they_are_written() {
    for (kind, software) in Software::all() {
        let made = certificate(&software.public(), &software);
        let octets = made.to_octets().expect("octets");
        let read = Certificate::parse(&octets).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(read.to_octets().expect("octets"), octets, "{kind}");
        let armored = made.to_armored().expect("armor");
        Certificate::parse(armored.as_bytes()).expect("the same in armor");
        // Each octet of the self-signatures and of the key counts.
        for at in (0..octets.len()).step_by(7) {
            let mut broken = octets.clone();
            broken[at] ^= 1;
            if let Ok(read) = Certificate::parse(&broken) {
                assert_eq!(read.fingerprint(), made.fingerprint(), "{kind}: octet {at}");
            }
        }
    }
}

/// A verifier that knows version 6, named in `SIGNSTAR_SQV` (`sqv` 1.5 or later).
#[test]
fn sqv_accepts_every_kind() {
    let sqv = std::env::var("SIGNSTAR_SQV").unwrap_or_else(|_| "sqv".to_owned());
    let Some(room) = Room::with(&sqv) else {
        return;
    };
    let version = room.run(&sqv, ["--version"]);
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if version.starts_with("sqv 1.0") || version.starts_with("sqv 1.1") {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {} does not know OpenPGP version 6; name a newer one in SIGNSTAR_SQV",
            version.lines().next().unwrap_or_default()
        );
        return;
    }
    for (kind, software) in Software::all() {
        let certificate = certificate(&software.public(), &software);
        room.write("certificate.pgp", &certificate.to_octets().expect("octets"));
        let enclave = enclave(key(certificate, software), OutputType::OpenPgpV6);
        let salt = salt(&enclave);
        let text = sign(&enclave, salted(&salt, FILE), Output::OpenPgpV6(salt)).expect("signed");
        room.write("file.sig", text.as_bytes());
        for (file, expected) in [(FILE, true), (b"another file", false)] {
            room.write("file", file);
            let output = room.run(
                &sqv,
                [
                    "--keyring",
                    "certificate.pgp",
                    "--signature-file",
                    "file.sig",
                    "file",
                ],
            );
            let words = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), expected, "{kind}: {words}");
        }
    }
}

#[test]
fn a_salt_is_for_one_signature_of_one_session() {
    let software = Software::ed25519();
    let certificate = certificate(&software.public(), &software);
    let one = enclave(
        key(certificate.clone(), software.clone()),
        OutputType::OpenPgpV6,
    );
    let other = enclave(key(certificate, software), OutputType::OpenPgpV6);
    let salt = salt(&one);
    let unknown = |enclave, salt| {
        let refused = sign(enclave, salted(&salt, FILE), Output::OpenPgpV6(salt));
        refused.expect_err("unknown").code() == Code::UnknownSalt
    };
    assert!(unknown(&other, salt));
    sign(&one, salted(&salt, FILE), Output::OpenPgpV6(salt)).expect("the first time");
    assert!(unknown(&one, salt));
    assert!(unknown(&one, Salt::new([0xee; 32])));
}

#[test]
fn a_short_file_without_its_salt_is_noticed() {
    let salt = Salt::new([1; 32]);
    for file in [&b""[..], b"short", &[2; 127]] {
        let refused = Request::new(state(file), Output::OpenPgpV6(salt), None);
        assert_eq!(refused.expect_err("no salt").code(), Code::InvalidState);
    }
    let Input::State(salted) = salted(&salt, b"short") else {
        panic!("a state");
    };
    let request = Request::new(salted, Output::OpenPgpV6(salt), None).expect("good");
    assert_eq!(request.file_length(), Some(5));
}

/// A key that is away the first time.
#[derive(Debug)]
struct Away(AtomicBool, Software);

impl Signer for Away {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        if self.0.swap(false, Ordering::Relaxed) {
            return Err(SignerError::Unavailable("away".into()));
        }
        self.1.sign(message)
    }
}

#[test]
fn a_salt_outlives_an_hsm_that_is_away() {
    let software = Software::ed25519();
    let certificate = certificate(&software.public(), &software);
    let away = Away(AtomicBool::new(true), software);
    let enclave = enclave(key(certificate, away), OutputType::OpenPgpV6);
    let salt = salt(&enclave);
    let refused = sign(&enclave, salted(&salt, FILE), Output::OpenPgpV6(salt));
    assert_eq!(refused.expect_err("away").code(), Code::HsmUnavailable);
    sign(&enclave, salted(&salt, FILE), Output::OpenPgpV6(salt)).expect("the same again");
}

#[test]
fn one_key_has_a_certificate_of_each_version() {
    let software = Software::ed25519();
    let public = software.public();
    let v4 = Certificate::issue(&public, &[USER_ID], birth(), &software).expect("a certificate");
    let v6 = certificate(&public, &software);
    let signer = || Box::new(software.clone());
    let both = SigningKey::new(v4.clone(), signer(), domain(), Default::default())
        .with_certificate(v6.clone())
        .expect("the same key");
    let found: Vec<_> = both.certificates().map(Certificate::is_v6).collect();
    assert_eq!(found, [false, true]);
    let twice = both.with_certificate(v4);
    assert!(twice.is_err());
    let stranger = Software::ed25519();
    let foreign = certificate(&stranger.public(), &stranger);
    let mixed = SigningKey::new(v6, signer(), domain(), Default::default());
    assert!(mixed.with_certificate(foreign).is_err());
}

#[test]
fn many_work_for_one_session_at_once() {
    let software = Software::ed25519();
    let certificate = certificate(&software.public(), &software);
    let enclave = enclave(key(certificate, software), OutputType::OpenPgpV6);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..16 {
                    let salt = salt(&enclave);
                    sign(&enclave, salted(&salt, FILE), Output::OpenPgpV6(salt)).expect("signed");
                }
            });
        }
    });
}

#[test]
fn nothing_of_version_4_is_said_in_it() {
    let (_, software) = Software::all().into_iter().next().expect("one");
    let certificate = certificate(&software.public(), &software);
    let later = birth() + Duration::from_secs(86_400);
    let renewed = certificate.renew(&Renewal::default(), later, &software);
    let revoked = Revocation::make(&certificate, Reason::Retired, "", later, &software);
    for (error, text) in [
        (renewed.expect_err("refused"), "cannot be renewed"),
        (revoked.expect_err("refused"), "cannot be revoked"),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
}
