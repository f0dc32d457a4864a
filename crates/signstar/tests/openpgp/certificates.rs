//! Certificates that are made, read and refused.

use std::time::SystemTime;

use signstar::sign::{Certificate, InvalidCertificate, Message, PublicKey, Signer, SignerError};

use crate::{Software, USER_ID, birth, certificate};

#[test]
fn what_is_made_can_be_read() {
    for (kind, key) in Software::all() {
        let made = certificate(&key);
        let octets = made.to_octets().expect("octets");
        let armored = made.to_armored().expect("armor");
        assert!(armored.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
        for read in [&*octets, armored.as_bytes()] {
            let read = Certificate::parse(read).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(read.fingerprint(), made.fingerprint(), "{kind}");
            assert_eq!(read.user_ids().collect::<Vec<_>>(), [USER_ID], "{kind}");
            assert_eq!(read.to_octets().expect("octets"), octets, "{kind}");
        }
    }
}

#[test]
fn a_certificate_can_have_several_user_ids() {
    let key = Software::ed25519();
    let ids = [USER_ID, "Example Images <images@example.org>", "größe"];
    let made = Certificate::issue(&key.public(), &ids, birth(), &key).expect("a certificate");
    assert_eq!(made.user_ids().collect::<Vec<_>>(), ids);
}

#[test]
fn a_certificate_needs_a_user_id() {
    let key = Software::ed25519();
    let made = Certificate::issue(&key.public(), &[], birth(), &key);
    assert!(matches!(made, Err(InvalidCertificate::Unbound)), "{made:?}");
}

#[test]
fn the_creation_time_is_part_of_the_fingerprint() {
    let key = Software::ed25519();
    let made = |at| Certificate::issue(&key.public(), &[USER_ID], at, &key);
    let fingerprint = |at| made(at).expect("a certificate").fingerprint();
    assert_eq!(fingerprint(birth()), fingerprint(birth()));
    assert_ne!(fingerprint(birth()), fingerprint(crate::now()));
    let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1);
    assert!(matches!(made(before), Err(InvalidCertificate::Clock(_))));
}

#[test]
fn a_certificate_that_its_key_did_not_sign_is_not_made() {
    #[derive(Debug)]
    struct Rubbish(Software);
    impl Signer for Rubbish {
        fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
            let mut raw = self.0.sign(message)?;
            if let Some(last) = raw.last_mut() {
                *last ^= 1;
            }
            Ok(raw)
        }
    }
    for (kind, key) in Software::all() {
        let made = Certificate::issue(&key.public(), &[USER_ID], birth(), &Rubbish(key));
        assert!(made.is_err(), "{kind}");
    }
}

#[test]
fn what_is_no_public_key_is_refused() {
    let signer = Software::ed25519();
    let rsa = |bits: usize| PublicKey::Rsa {
        modulus: vec![0xc1; bits / 8],
        exponent: vec![1, 0, 1],
    };
    for bad in [
        PublicKey::Ed25519(vec![]),
        PublicKey::Ed25519(vec![1; 31]),
        PublicKey::Ed25519(vec![1; 33]),
        PublicKey::P256(vec![]),
        PublicKey::P256(vec![4; 65]),
        PublicKey::P384(vec![4; 65]),
        PublicKey::P521(vec![0; 133]),
        rsa(0),
        rsa(1024),
        rsa(2040),
        rsa(4104),
        rsa(16384),
    ] {
        let made = Certificate::issue(&bad, &[USER_ID], birth(), &signer);
        assert!(made.is_err(), "{bad:.60?}");
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let key = Software::ed25519();
    let made = certificate(&key);
    let octets = made.to_octets().expect("octets");
    let armored = made.to_armored().expect("armor");

    for length in 0..octets.len() {
        assert!(Certificate::parse(&octets[..length]).is_err(), "{length}");
    }
    let other = certificate(&Software::ed25519())
        .to_octets()
        .expect("octets");
    for (name, bad) in [
        ("two", [octets.clone(), other].concat()),
        ("trailing zero", [octets.clone(), vec![0]].concat()),
        ("over 1 MiB", vec![0; (1 << 20) + 1]),
        (
            "another armor",
            armored.replace("PUBLIC KEY", "PRIVATE KEY").into_bytes(),
        ),
        ("no armor", armored.replace("-----", "").into_bytes()),
        ("text", b"-----BEGIN CERTIFICATE-----\n".to_vec()),
    ] {
        assert!(Certificate::parse(&bad).is_err(), "{name}");
    }
}

#[test]
fn no_octet_of_a_certificate_can_be_changed_unnoticed() {
    let key = Software::ed25519();
    let made = certificate(&key);
    let octets = made.to_octets().expect("octets");
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 1;
        if let Ok(read) = Certificate::parse(&changed) {
            // Only the hint outside the signed part, or a shorter spelling of a number.
            assert_eq!(read.fingerprint(), made.fingerprint(), "octet {at}");
            assert_eq!(read.user_ids().collect::<Vec<_>>(), [USER_ID], "octet {at}");
        }
    }
}
