//! Signatures that are not those of a file.

use signstar::sign::{Detached, DoesNotVerify};

use crate::{FILE, Software, certificate, enclave, sign, state};

#[test]
fn another_file_does_not_verify() {
    for (kind, key) in Software::all() {
        let certificate = certificate(&key);
        let detached = sign(FILE, &enclave(certificate.clone(), key)).expect("a signature");
        for other in [&b""[..], b"what a build host has Built", &FILE[1..]] {
            let error = detached
                .verify(&certificate, &state(other))
                .expect_err(kind);
            assert!(
                matches!(error, DoesNotVerify::OtherDigest),
                "{kind}: {error}"
            );
            let error = detached
                .check_without_certificate(&state(other))
                .expect_err(kind);
            assert!(
                matches!(error, DoesNotVerify::OtherDigest),
                "{kind}: {error}"
            );
        }
    }
}

#[test]
fn another_certificate_does_not_verify() {
    for (kind, key) in Software::all() {
        let detached = sign(FILE, &enclave(certificate(&key), key)).expect("a signature");
        for (_, other) in Software::all() {
            let error = detached
                .verify(&certificate(&other), &state(FILE))
                .expect_err(kind);
            assert!(
                matches!(error, DoesNotVerify::OtherKey(_)),
                "{kind}: {error}"
            );
        }
    }
}

#[test]
fn what_verifies_is_written_as_it_was_signed() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let detached = sign(FILE, &enclave(certificate.clone(), key)).expect("a signature");
    let octets = detached.to_octets().expect("octets");
    // The key ID stands last where the fingerprint ends alike, and is not signed.
    let id = hex::decode(&certificate.fingerprint()[24..]).expect("hexadecimal");
    let id_at = octets.windows(8).rposition(|octets| octets == id);
    let id_at = id_at.expect("a key ID");
    for at in 0..octets.len() {
        for flip in [1, 0x80] {
            let mut changed = octets.clone();
            changed[at] ^= flip;
            let Ok(read) = Detached::from_octets(&changed) else {
                continue;
            };
            if read.verify(&certificate, &state(FILE)).is_err() {
                continue;
            }
            // The spelling of a number or a flag without meaning: it is not written again.
            let mut written = read.to_octets().expect("octets");
            if (id_at..id_at + 8).contains(&at) {
                written[at] ^= flip;
            }
            assert_eq!(written, octets, "octet {at}");
        }
    }
}

#[test]
fn what_is_no_signature_is_refused() {
    let key = Software::ed25519();
    let detached = sign(FILE, &enclave(certificate(&key), key)).expect("a signature");
    let octets = detached.to_octets().expect("octets");
    let armored = detached.to_armored().expect("armor");
    assert_eq!(Detached::from_octets(&octets).expect("own"), detached);
    assert_eq!(Detached::from_armored(&armored).expect("own"), detached);

    for length in 0..octets.len() {
        assert!(
            Detached::from_octets(&octets[..length]).is_err(),
            "{length}"
        );
    }
    let twice = [octets.clone(), octets.clone()].concat();
    assert!(Detached::from_octets(&twice).is_err(), "two packets");
    let trailing = [octets.clone(), vec![0]].concat();
    assert!(Detached::from_octets(&trailing).is_err(), "trailing octet");
    let long = [octets.clone(), vec![0; 16_384]].concat();
    assert!(Detached::from_octets(&long).is_err(), "too long");
    assert!(Detached::from_octets(armored.as_bytes()).is_err(), "armor");
    assert!(Detached::from_armored("").is_err(), "nothing");
    assert!(Detached::from_armored("-----BEGIN PGP SIGNATURE-----\n").is_err());
    let message = armored.replace("PGP SIGNATURE", "PGP MESSAGE");
    assert!(Detached::from_armored(&message).is_err(), "another armor");
}
