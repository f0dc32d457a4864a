//! Signatures of every kind go on record, and can be checked there.

use sha2::{Digest as _, Sha256, Sha512};
use signstar::{
    config::Mechanism,
    log::{Policy, Recorded},
    request::{Digest, FileDigest, Input, Output, Request, Salt},
    response::Answer,
    sign::{Detached, DoesNotVerify, Product, RawSignature, SshSignature},
};

use crate::{FILE, Story, book::ORIGIN, request, software::Software, state};

fn proved(story: &Story, proof: Option<String>) -> Recorded {
    let proof = proof.expect("it was asked for");
    Recorded::check(&proof, &Policy::of_log(story.book.vkey())).expect("it is on record")
}

fn sha512() -> Digest {
    Digest::Sha512(Sha512::digest(FILE).into())
}

fn sha256() -> Digest {
    Digest::Sha256(Sha256::digest(FILE).into())
}

fn mechanisms() -> impl Iterator<Item = (&'static str, Software, Mechanism)> {
    let all = [
        Mechanism::Pkcs1,
        Mechanism::Pss,
        Mechanism::Ecdsa,
        Mechanism::Ed25519,
    ];
    let pairs = Software::all()
        .into_iter()
        .flat_map(move |(kind, key)| all.map(|mechanism| (kind, key.clone(), mechanism)));
    pairs.filter(|(_, key, mechanism)| mechanism.is_for(&key.public()))
}

#[test]
fn open_pgp_signatures_say_where_they_are_on_record() {
    for (kind, key, mechanism) in mechanisms() {
        let story = Story::with(key, mechanism);
        let (text, proof) = story.sign("builder", &request(FILE).with_proof());
        let recorded = proved(&story, proof);
        let detached = Detached::from_armored(&text).expect("a signature");
        detached
            .verify(&story.certificate, &state(FILE))
            .expect("the signature is one");
        let octets = detached.to_octets().expect("a packet");
        assert!(octets.len() < 1500, "{kind}: {}", octets.len());
        let place = format!("log@signstar.example.org{ORIGIN}#0");
        let is_there = octets.windows(place.len()).any(|it| it == place.as_bytes());
        assert!(is_there, "{kind}");

        let entry = recorded.entry();
        assert!(entry.is_of(&detached), "{kind}");
        assert_eq!(entry.digest(), &FileDigest::Plain(sha512()));
        assert_eq!(entry.issuer(), story.certificate.fingerprint());
        entry.check().expect(kind);
        entry.verify(&story.certificate).expect(kind);
        let other = Story::begin();
        let refused = entry.verify(&other.certificate).expect_err("another key");
        assert!(matches!(refused, DoesNotVerify::OtherKey(_)), "{kind}");
    }
}

#[test]
fn signatures_of_version_6_are_on_record_with_their_salted_digest() {
    for (kind, key, mechanism) in mechanisms() {
        let story = Story::with(key, mechanism);
        let salt = match story.ask("builder", &Request::open_pgp_v6_salt().with_proof()) {
            Ok(Answer::Salt { salt, .. }) => salt,
            other => panic!("in place of a salt: {other:?}"),
        };
        assert_eq!(story.book.questions(), 0, "a salt is no signature");
        let salted = [salt.as_octets(), FILE].concat();
        let request = Request::new(state(&salted), Output::OpenPgpV6(salt), None);
        let request = request.expect("makes sense").with_proof();
        let (text, proof) = story.sign("builder", &request);
        let recorded = proved(&story, proof);
        let detached = Detached::from_armored(&text).expect("a signature");
        detached
            .verify(&story.certificate_v6, &state(&salted))
            .expect("the signature is one");
        let entry = recorded.entry();
        assert!(entry.is_of(&detached), "{kind}");
        let digest = Sha512::digest(&salted).into();
        assert_eq!(entry.digest(), &FileDigest::Salted(digest));
        assert_eq!(entry.sha512(), None);
        assert_eq!(entry.length(), Some(FILE.len() as u64));
        assert_eq!(entry.issuer(), story.certificate_v6.fingerprint());
        entry.check().expect(kind);
        entry.verify(&story.certificate_v6).expect(kind);
        entry.verify(&story.certificate).expect_err("of version 4");
    }
}

#[test]
fn ssh_signatures_on_record_can_be_checked_by_themselves() {
    for (kind, key, mechanism) in mechanisms() {
        let story = Story::with(key, mechanism);
        let inputs: [(Input, Digest); 3] = [
            (state(FILE).into(), sha512()),
            (sha512().into(), sha512()),
            (sha256().into(), sha256()),
        ];
        for (input, digest) in inputs {
            let request = Request::new(input, Output::Ssh, None).expect("makes sense");
            let (text, proof) = story.sign("builder", &request.with_proof());
            let recorded = proved(&story, proof);
            let entry = recorded.entry();
            let signature = SshSignature::from_armored(&text).expect("a signature");
            assert!(entry.is_of_product(&Product::Ssh(signature)), "{kind}");
            assert_eq!(entry.digest(), &FileDigest::Plain(digest));
            entry.check().expect(kind);
            entry.verify_with_key(&story.key.public()).expect(kind);
            let other = Software::ed25519().public();
            entry.verify_with_key(&other).expect_err("another key");
            entry.verify(&story.certificate).expect_err("not OpenPGP");
        }
    }
}

#[test]
fn raw_signatures_on_record_say_how_they_were_made() {
    for (kind, key, mechanism) in mechanisms() {
        let story = Story::with(key, mechanism);
        for digest in [sha512(), sha256()] {
            let request = Request::new(digest, Output::Raw, None).expect("makes sense");
            let (text, proof) = story.sign("loader", &request.with_proof());
            let recorded = proved(&story, proof);
            let entry = recorded.entry();
            let signature = RawSignature::from_base64(&text).expect("a signature");
            assert!(entry.is_of_product(&Product::Raw(signature)), "{kind}");
            assert_eq!(entry.mechanism(), Some(mechanism));
            entry.check().expect(kind);
            entry.verify_with_key(&story.key.public()).expect(kind);
            let other = Software::ed25519().public();
            entry.verify_with_key(&other).expect_err("another key");
        }
    }
}

#[test]
fn a_salt_is_not_a_signature() {
    let salt = Product::Salt(Salt::new([1; 32]));
    assert_eq!(salt.to_record().expect("nothing to write"), None);
}
