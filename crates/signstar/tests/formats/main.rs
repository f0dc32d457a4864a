//! Signatures other than OpenPGP version 4, from request to response, with keys in software and
//! with the programs of the field.

mod foreign;
#[path = "../openpgp/programs.rs"]
#[expect(dead_code, reason = "not every program is called here")]
mod programs;
mod raw;
#[path = "../openpgp/software.rs"]
mod software;
mod ssh;
mod version6;

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, KeyName, Log},
    policy::Policy,
    refusal::Refused,
    request::{Digest, Input, Output, OutputType, Request, RequestId, Salts, Sha512State},
    response::Answer,
    sign::{Keyring, SigningKey},
};

const USER_ID: &str = "Example Packaging <packages@example.org>";
const FILE: &[u8] = b"what a build host has built";

/// 2026-01-01 00:00 UTC: when the keys of these tests were made.
fn birth() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// An hour later: when they sign.
fn now() -> SystemTime {
    birth() + Duration::from_secs(3600)
}

fn state(file: &[u8]) -> Sha512State {
    Sha512State::from_hasher(&Sha512::new_with_prefix(file)).expect("a short file")
}

/// Every way to say which file is meant, with the digest that it comes to.
fn inputs(file: &[u8]) -> [(Input, Digest); 3] {
    let sha256 = Digest::Sha256(Sha256::digest(file).into());
    let sha512 = Digest::Sha512(Sha512::digest(file).into());
    [
        (state(file).into(), sha512),
        (sha512.into(), sha512),
        (sha256.into(), sha256),
    ]
}

fn domain() -> Domain {
    Domain::new("signstar.example.org").expect("a domain")
}

fn client() -> ClientName {
    ClientName::new("builder").expect("a name")
}

/// An enclave whose one client may have signatures of the kind `output` with `key`.
fn enclave(key: SigningKey, output: OutputType) -> Enclave {
    let name = KeyName::new("packages").expect("a name");
    let rules = ClientRules::new(name.clone(), [output]);
    let next = AtomicU8::new(1);
    Enclave {
        policy: Policy::new([(client(), rules)].into()),
        keyring: Keyring::from([(name, key)]),
        log: Log::Unlogged,
        salts: Salts::drawn_from(move || Ok([next.fetch_add(1, Ordering::Relaxed); 32])),
    }
}

/// What the client is answered, after the way through both wire formats. Every request has an id,
/// which comes back.
fn ask(enclave: &Enclave, input: Input, output: Output) -> Result<Answer, Refused> {
    let id = RequestId::new("request-1").expect("an id");
    let request = Request::new(input, output, None)
        .expect("makes sense")
        .with_id(id.clone());
    let response = answer(request.to_json(1).as_bytes(), &client(), enclave, now())?;
    let answer = Answer::parse(response.to_json().as_bytes()).expect("an own response is one");
    let (Answer::Signature { id: found, .. } | Answer::Salt { id: found, .. }) = &answer else {
        panic!("in place of a signature: {answer:?}");
    };
    assert_eq!(found.as_ref(), Some(&id));
    Ok(answer)
}

/// The text of a signature.
fn sign(enclave: &Enclave, input: Input, output: Output) -> Result<String, Refused> {
    match ask(enclave, input, output)? {
        Answer::Signature { text, .. } => Ok(text),
        other => panic!("in place of a signature: {other:?}"),
    }
}
