//! A request becomes a signature.

use crate::{FILE, Software, USER_ID, certificate, enclave, now, request, sign, state};

#[test]
fn every_kind_of_key_signs_a_file() {
    for (kind, key) in Software::all() {
        let certificate = certificate(&key);
        let detached = sign(FILE, &enclave(certificate.clone(), key))
            .unwrap_or_else(|refused| panic!("{kind}: {:?}", refused.cause()));
        detached
            .verify(&certificate, &state(FILE))
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
        detached
            .check_without_certificate(&state(FILE))
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(detached.created(), Some(now()), "{kind}");
        assert_eq!(detached.issuers(), [certificate.fingerprint()], "{kind}");
        let octets = detached.to_octets().expect("octets");
        assert!(octets.len() < 1024, "{kind}: {} octets", octets.len());
    }
}

#[test]
fn files_of_any_length_are_signed() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let enclave = enclave(certificate.clone(), key);
    for length in [0, 1, 111, 112, 127, 128, 129, 100_000] {
        let file = vec![b'x'; length];
        let detached = sign(&file, &enclave).expect("a signature");
        detached
            .verify(&certificate, &state(&file))
            .unwrap_or_else(|error| panic!("{length} octets: {error}"));
    }
}

#[test]
fn the_response_to_1_0_0_is_a_version_and_a_signature() {
    let key = Software::ed25519();
    let enclave = enclave(certificate(&key), key);
    let response = signstar::answer(
        request(FILE).as_bytes(),
        &crate::client("builder"),
        &enclave,
        now(),
    )
    .expect("a signature");
    let value: serde_json::Value = serde_json::from_str(&response.to_json()).expect("JSON");
    let members: Vec<_> = value.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["signature", "version"]);
    assert_eq!(value["version"], "1.0.0");
    let armored = value["signature"].as_str().expect("text");
    assert!(armored.starts_with("-----BEGIN PGP SIGNATURE-----\n"));
    assert!(!response.to_json().contains('\n'));
}

#[test]
fn the_hashed_area_is_as_specified() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    let octets = sign(FILE, &enclave(certificate.clone(), key))
        .expect("a signature")
        .to_octets()
        .expect("octets");

    // A packet of type 2 in the new format, and the fixed part of a version 4 signature
    // (RFC 9580 §4.2, §5.2.3).
    assert_eq!(octets[0], 0xc2);
    let body = if octets[1] < 192 { 2 } else { 3 };
    assert_eq!(octets[body..body + 4], [4, 0x00, 22, 10]);
    let length = usize::from(u16::from_be_bytes([octets[body + 4], octets[body + 5]]));
    let mut area = &octets[body + 6..body + 6 + length];

    let mut found = Vec::new();
    while let [length, tag, rest @ ..] = area {
        assert!(*length < 192, "all are short");
        let (data, next) = rest.split_at(usize::from(*length) - 1);
        found.push((*tag, data.to_vec()));
        area = next;
    }
    let notation = |flags: [u8; 4], name: &str, value: &[u8]| {
        let lengths = [name.len(), value.len()]
            .map(|length| u16::try_from(length).expect("short").to_be_bytes());
        [&flags, &*lengths.concat(), name.as_bytes(), value].concat()
    };
    let seconds = now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let seconds = u32::try_from(seconds).expect("before 2106").to_be_bytes();
    let fingerprint = hex::decode(certificate.fingerprint()).expect("hexadecimal");
    let digest = state(FILE).digest();
    assert_eq!(
        found,
        [
            (0x80 | 2, seconds.to_vec()),
            (33, [&[4], &*fingerprint].concat()),
            (
                20,
                notation([0; 4], "data-digest@signstar.example.org", &digest)
            ),
            (
                20,
                notation([0x80, 0, 0, 0], "origin@example.org", b"packages")
            ),
        ]
    );
}

#[test]
fn a_certificate_names_its_holder() {
    let key = Software::ed25519();
    let certificate = certificate(&key);
    assert_eq!(certificate.user_ids().collect::<Vec<_>>(), [USER_ID]);
    assert_eq!(certificate.fingerprint().len(), 40);
}
