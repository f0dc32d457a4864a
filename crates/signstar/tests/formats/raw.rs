//! Raw signatures, held against `openssl`.

use signstar::{
    config::Mechanism,
    refusal::Code,
    request::{Output, OutputType},
    sign::{Mismatch, PublicKey, RawSignature, SigningKey},
};

use crate::{FILE, domain, enclave, inputs, programs::Room, sign, software::Software};

/// Every kind of key with every mechanism that is for it.
fn all() -> Vec<(&'static str, Software, Mechanism)> {
    let mechanisms = [
        Mechanism::Pkcs1,
        Mechanism::Pss,
        Mechanism::Ecdsa,
        Mechanism::Ed25519,
    ];
    let pairs = Software::all().into_iter().flat_map(|(kind, software)| {
        mechanisms.map(|mechanism| (kind, software.clone(), mechanism))
    });
    pairs
        .filter(|(_, software, mechanism)| mechanism.is_for(&software.public()))
        .collect()
}

fn key(software: &Software, mechanism: Mechanism) -> SigningKey {
    let signer = Box::new(software.clone());
    SigningKey::without_certificate(software.public(), signer, domain())
        .with_raw(mechanism)
        .expect("the right mechanism")
}

#[test]
fn every_kind_of_key_makes_raw_signatures() {
    let all = all();
    assert_eq!(all.len(), 3 * 2 + 3 + 1);
    let strangers = Software::all();
    for (kind, software, mechanism) in all {
        let enclave = enclave(key(&software, mechanism), OutputType::Raw);
        for (input, digest) in inputs(FILE) {
            let text = sign(&enclave, input, Output::Raw)
                .unwrap_or_else(|refused| panic!("{kind}: {:?}", refused.cause()));
            let signature = RawSignature::from_base64(&text).expect("a signature");
            signature
                .verify(&software.public(), mechanism, &digest)
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
            let other = strangers.iter().find(|(other, _)| *other == kind);
            let (_, other) = other.expect("as many kinds");
            assert!(
                signature
                    .verify(&other.public(), mechanism, &digest)
                    .is_err()
            );
        }
    }
}

#[test]
fn openssl_accepts_every_mechanism() {
    let Some(room) = Room::with("openssl") else {
        return;
    };
    for (kind, software, mechanism) in all() {
        let enclave = enclave(key(&software, mechanism), OutputType::Raw);
        let pem = software.public().to_pem().expect("a key");
        room.write("key.pem", pem.as_bytes());
        for (input, digest) in inputs(FILE) {
            let text = sign(&enclave, input, Output::Raw).expect("a signature");
            let signature = RawSignature::from_base64(&text).expect("a signature");
            room.write("signature", signature.as_octets());
            let verify = |octets: &[u8]| {
                room.write("digest", octets);
                let mut arguments = vec![
                    "pkeyutl",
                    "-verify",
                    "-pubin",
                    "-inkey",
                    "key.pem",
                    "-in",
                    "digest",
                    "-sigfile",
                    "signature",
                ];
                let hash = format!("digest:{}", digest.hash_name());
                match mechanism {
                    Mechanism::Pkcs1 => arguments.extend(["-pkeyopt", &hash]),
                    Mechanism::Pss => arguments.extend([
                        "-pkeyopt",
                        &hash,
                        "-pkeyopt",
                        "rsa_padding_mode:pss",
                        "-pkeyopt",
                        "rsa_pss_saltlen:digest",
                    ]),
                    Mechanism::Ecdsa => {}
                    Mechanism::Ed25519 => arguments.push("-rawin"),
                }
                room.run("openssl", arguments)
            };
            let output = verify(digest.as_octets());
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{kind} {mechanism:?}: {words}");
            let other: Vec<u8> = digest.as_octets().iter().map(|octet| !octet).collect();
            assert!(!verify(&other).status.success(), "{kind} {mechanism:?}");
        }
    }
}

#[test]
fn public_keys_of_openssl_are_read() {
    let Some(room) = Room::with("openssl") else {
        return;
    };
    for arguments in [
        &["-algorithm", "ed25519"][..],
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ] {
        let made = [&["genpkey", "-quiet", "-out", "secret.pem"][..], arguments].concat();
        // Older versions do not know -quiet.
        if !room.run("openssl", &made).status.success() {
            let made = [&["genpkey", "-out", "secret.pem"][..], arguments].concat();
            assert!(room.run("openssl", made).status.success(), "{arguments:?}");
        }
        let pem = room.run("openssl", ["pkey", "-in", "secret.pem", "-pubout"]);
        let pem = String::from_utf8(pem.stdout).expect("UTF-8");
        let key = PublicKey::from_pem(&pem).expect("a key");
        assert_eq!(key.to_pem().expect("a key"), pem, "{arguments:?}");
        for bad in [
            pem.repeat(2),
            pem.replace("PUBLIC", "PRIVATE"),
            pem.replacen("\nM", "\nN", 1),
            format!("x{pem}"),
        ] {
            assert!(PublicKey::from_pem(&bad).is_err(), "{bad}");
        }
    }
}

#[test]
fn a_raw_key_takes_no_other_work() {
    for (kind, software, mechanism) in all() {
        let namespace = signstar::config::SshNamespace::new("x").expect("a namespace");
        let refused = key(&software, mechanism).with_ssh_namespace(namespace.clone());
        assert_eq!(refused.err(), Some(Mismatch::RawAndMore), "{kind}");
        let signer = Box::new(software.clone());
        let ssh = SigningKey::without_certificate(software.public(), signer, domain())
            .with_ssh_namespace(namespace)
            .expect("a known kind");
        let refused = ssh.with_raw(mechanism);
        assert_eq!(refused.err(), Some(Mismatch::RawAndMore), "{kind}");
    }
    let [(_, ed25519), (_, rsa), ..] = Software::all();
    for (software, mechanism) in [(ed25519, Mechanism::Pss), (rsa, Mechanism::Ecdsa)] {
        let signer = Box::new(software.clone());
        let key = SigningKey::without_certificate(software.public(), signer, domain());
        assert_eq!(key.with_raw(mechanism).err(), Some(Mismatch::Kind));
    }
}

#[test]
fn a_key_without_a_mechanism_signs_nothing_raw() {
    let software = Software::ed25519();
    let signer = Box::new(software.clone());
    let key = SigningKey::without_certificate(software.public(), signer, domain());
    let enclave = enclave(key, OutputType::Raw);
    let [(input, _), ..] = inputs(FILE);
    let refused = sign(&enclave, input, Output::Raw).expect_err("not set up");
    assert_eq!(refused.code(), Code::Misconfigured);
}
