//! A request that becomes no signature, and what its client is told.

use signstar::{
    config::{ClientRules, KeyName},
    refusal::{Code, Refused},
    request::OutputType,
    response::Answer,
    sign::{Message, Signer, SignerError},
};

use crate::{FILE, Software, certificate, client, enclave, enclave_with, now, request, sign};

/// A key that answers what it is told to.
#[derive(Clone, Debug)]
enum Odd {
    Answers(Vec<u8>),
    Unavailable,
    Denied,
    Nonsense,
    /// Signs with another key than that of the certificate.
    Other(Software),
    /// Signs something else with the right key.
    OtherMessage(Software),
}

impl Signer for Odd {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        match self {
            Self::Answers(octets) => Ok(octets.clone()),
            Self::Unavailable => Err(SignerError::Unavailable("locked".into())),
            Self::Denied => Err(SignerError::Denied("wrong passphrase".into())),
            Self::Nonsense => Err(SignerError::Nonsense("HTML".into())),
            Self::Other(key) => key.sign(message),
            Self::OtherMessage(key) => key.sign(&inverted(message)),
        }
    }
}

/// The same with another digest.
fn inverted(message: &Message) -> Message {
    let invert = |octets: &[u8]| {
        let head = octets.len() - 32;
        let (head, tail) = octets.split_at(head);
        [head.to_vec(), tail.iter().map(|octet| !octet).collect()].concat()
    };
    match message {
        Message::RsaPkcs1(octets) => Message::RsaPkcs1(invert(octets)),
        Message::RsaPss(_) => panic!("OpenPGP does not use PSS"),
        Message::Ecdsa(octets) => Message::Ecdsa(invert(octets)),
        Message::Ed25519(octets) => Message::Ed25519(invert(octets)),
    }
}

/// The refusal, after the way through the wire format.
#[track_caller]
fn told(refused: &Refused) -> Code {
    let json = signstar::response::refusal_to_json(refused);
    assert!(!json.contains('\n'));
    let Answer::Refusal {
        code,
        message,
        retry,
        id: None,
    } = Answer::parse(json.as_bytes()).expect("an own refusal is one")
    else {
        panic!("a signature in place of a refusal");
    };
    assert_eq!(code, refused.code().as_str());
    assert_eq!(message, refused.code().message());
    assert_eq!(retry, refused.code().retry());
    refused.code()
}

#[test]
fn a_signature_that_does_not_verify_stays_inside() {
    for (kind, key) in Software::all() {
        let other = Software::all()
            .into_iter()
            .find(|(other, _)| *other == kind)
            .expect("as many kinds")
            .1;
        for odd in [
            Odd::Other(other),
            Odd::OtherMessage(key.clone()),
            Odd::Nonsense,
            Odd::Answers(vec![]),
            Odd::Answers(vec![0]),
            Odd::Answers(vec![0; 64]),
            Odd::Answers(vec![0xff; 64]),
            Odd::Answers(vec![0; 256]),
            Odd::Answers(vec![0xff; 256]),
            Odd::Answers(vec![0xff; 384]),
            Odd::Answers(vec![0xff; 512]),
            Odd::Answers(vec![0x5a; 65]),
            Odd::Answers(vec![0x5a; 100_000]),
            Odd::Answers(b"\x30\x06\x02\x01\x00\x02\x01\x00".to_vec()),
            Odd::Answers(b"\x30\x06\x02\x01\x01\x02\x01\x01".to_vec()),
            Odd::Answers(b"\x30\x06\x02\x01\xff\x02\x01\xff".to_vec()),
            Odd::Answers(b"\x30\x80".to_vec()),
            Odd::Answers(b"<html></html>".to_vec()),
        ] {
            let told_of = format!("{kind}: {odd:.60?}");
            let refused = sign(FILE, &enclave(certificate(&key), odd))
                .map(|_| ())
                .expect_err(&told_of);
            assert_eq!(told(&refused), Code::SignatureInvalid, "{told_of}");
        }
    }
}

#[test]
fn an_hsm_that_is_away_is_worth_another_try() {
    let key = Software::ed25519();
    let refused = sign(FILE, &enclave(certificate(&key), Odd::Unavailable)).expect_err("refused");
    assert_eq!(told(&refused), Code::HsmUnavailable);
    assert!(refused.code().retry());
    assert_eq!(refused.code().exit_status(), 4);
}

#[test]
fn the_cause_is_for_the_journal_alone() {
    let key = Software::ed25519();
    let refused = sign(FILE, &enclave(certificate(&key), Odd::Denied)).expect_err("refused");
    assert_eq!(told(&refused), Code::Misconfigured);
    assert!(
        refused
            .cause()
            .is_some_and(|cause| cause.contains("wrong passphrase"))
    );
    assert!(!signstar::response::refusal_to_json(&refused).contains("passphrase"));
    assert!(!refused.to_string().contains("passphrase"));
}

#[test]
fn who_is_not_known_gets_nothing() {
    let key = Software::ed25519();
    let enclave = enclave(certificate(&key), key);
    for name in ["stranger", "Builder", "builder2", "packages"] {
        let refused = signstar::answer(request(FILE).as_bytes(), &client(name), &enclave, now())
            .expect_err(name);
        assert_eq!(told(&refused), Code::UnknownClient, "{name}");
    }
}

#[test]
fn who_may_not_have_it_gets_nothing() {
    let key = Software::ed25519();
    let rules = |outputs: &[OutputType], enabled| {
        let key = KeyName::new("packages").expect("a name");
        ClientRules {
            enabled,
            ..ClientRules::new(key, outputs.iter().copied())
        }
    };
    for rules in [
        rules(&[OutputType::OpenPgpV4], false),
        rules(&[OutputType::Ssh, OutputType::Raw], true),
        rules(&[], true),
    ] {
        let enclave = enclave_with(rules, certificate(&key), key.clone());
        let refused = sign(FILE, &enclave).expect_err("refused");
        assert_eq!(told(&refused), Code::NotPermitted);
    }
}

#[test]
fn a_key_that_is_not_open_signs_nothing() {
    let key = Software::ed25519();
    let mut enclave = enclave(certificate(&key), key);
    enclave.keyring.clear();
    let refused = sign(FILE, &enclave).expect_err("refused");
    assert_eq!(told(&refused), Code::Misconfigured);
}

#[test]
fn what_is_no_request_is_told_apart() {
    let key = Software::ed25519();
    let enclave = enclave(certificate(&key), key);
    let good = request(FILE);
    for (octets, code) in [
        (String::new(), Code::MalformedRequest),
        (good.replace("1.0.0", "1.2.0"), Code::UnsupportedVersion),
        (
            good.replace("sha2-0.11", "sha2-0.12"),
            Code::UnsupportedInput,
        ),
        (
            good.replace("OpenPGPv4", "OpenPGPv6"),
            Code::UnsupportedOutput,
        ),
        (good.replace(",0]", ",1]"), Code::InvalidState),
        (" ".repeat(70_000), Code::RequestTooLarge),
    ] {
        let refused = signstar::answer(octets.as_bytes(), &client("builder"), &enclave, now())
            .expect_err(code.as_str());
        assert_eq!(told(&refused), code);
    }
}
