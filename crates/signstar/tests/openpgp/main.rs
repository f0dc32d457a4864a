//! OpenPGP signatures from end to end, with keys in software and with the programs of the field.

mod answers;
mod certificates;
mod gnupg;
mod lifetimes;
mod logged;
mod programs;
mod refusals;
mod secret_keys;
mod software;
mod tampering;
mod trees;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, KeyName},
    log::Log,
    policy::Policy,
    refusal::Refused,
    request::{OutputType, Request, Salts, Sha512State},
    response::Answer,
    sign::{Certificate, Detached, Keyring, Signer, SigningKey},
};

use self::software::Software;

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

fn request(file: &[u8]) -> String {
    Request::open_pgp_v4(state(file), None).to_json(1)
}

fn client(name: &str) -> ClientName {
    ClientName::new(name).expect("a name")
}

fn certificate(key: &Software) -> Certificate {
    Certificate::issue(&key.public(), &[USER_ID], birth(), key).expect("a certificate")
}

/// An enclave with one client, `builder`, whose key is `signer`.
fn enclave(certificate: Certificate, signer: impl Signer + 'static) -> Enclave {
    let key = KeyName::new("packages").expect("a name");
    let rules = ClientRules::new(key, [OutputType::OpenPgpV4]);
    enclave_with(rules, certificate, signer)
}

fn enclave_with(
    rules: ClientRules,
    certificate: Certificate,
    signer: impl Signer + 'static,
) -> Enclave {
    let domain = Domain::new("signstar.example.org").expect("a domain");
    let notations = BTreeMap::from([("origin@example.org".to_owned(), "packages".to_owned())]);
    let key = SigningKey::new(certificate, Box::new(signer), domain, notations);
    Enclave {
        policy: Policy::new(BTreeMap::from([(client("builder"), rules)])),
        keyring: Keyring::from([(KeyName::new("packages").expect("a name"), key)]),
        log: Log::Unlogged,
        salts: Salts::default(),
    }
}

/// What `builder` gets for `file`, after the way through both wire formats.
fn sign(file: &[u8], enclave: &Enclave) -> Result<Detached, Refused> {
    let response = answer(request(file).as_bytes(), &client("builder"), enclave, now())?;
    match Answer::parse(response.to_json().as_bytes()).expect("an own response is one") {
        Answer::Signature { text, .. } => Ok(Detached::from_armored(&text).expect("a signature")),
        other => panic!("in place of a signature: {other:?}"),
    }
}

/// Armor whose base64 breaks off, but only after more than a reader takes in at once: behind it
/// `cargo fuzz` found a panic of the OpenPGP library. `begin` is the first packet, of unstated
/// length, in base64.
fn broken_armor(header: &str, begin: &str) -> String {
    let body = "A".repeat(12_000);
    format!("-----BEGIN PGP {header}-----\n\n{begin}{body}A\n-----END PGP {header}-----\n")
}
