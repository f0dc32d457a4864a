//! How long each piece of the path of a signature takes, without HSM, network and disk.
#![expect(clippy::expect_used, reason = "a benchmark may fail")]

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;
use sha2::{Digest as _, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, KeyName},
    log::{Edge, Entry, Log, Policy as LogPolicy, Proof},
    policy::Policy,
    request::{OutputType, Request, Salts, Sha512State},
    response::Answer,
    sign::{Certificate, Detached, Keyring, Message, PublicKey, Signer, SignerError, SigningKey},
};

const VECTORS: &str = include_str!("../../../spec/vectors/log.json");

/// A key that makes one signature and then knows it by heart: an HSM without a delay.
#[derive(Debug)]
struct ByHeart {
    key: Ed25519KeyPair,
    known: OnceLock<(Vec<u8>, Vec<u8>)>,
}

impl Signer for ByHeart {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let octets = message.as_octets();
        let sign = || self.key.sign(octets).as_ref().to_vec();
        let (known, signature) = self.known.get_or_init(|| (octets.to_vec(), sign()));
        if known == octets {
            Ok(signature.clone())
        } else {
            Ok(sign())
        }
    }
}

fn by_heart(key: &[u8]) -> ByHeart {
    ByHeart {
        key: Ed25519KeyPair::from_seed_unchecked(key).expect("a key"),
        known: OnceLock::new(),
    }
}

/// 2026-01-01 00:00 UTC.
fn birth() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn enclave(certificate: Certificate) -> Enclave {
    let name = || KeyName::new("packages").expect("a name");
    let domain = Domain::new("signstar.example.org").expect("a domain");
    let signer = Box::new(by_heart(&[7; 32]));
    let key = SigningKey::new(certificate, signer, domain, BTreeMap::new());
    let rules = ClientRules::new(name(), [OutputType::OpenPgpV4]);
    let client = ClientName::new("builder").expect("a name");
    Enclave {
        policy: Policy::new(BTreeMap::from([(client, rules)])),
        keyring: Keyring::from([(name(), key)]),
        log: Log::Unlogged,
        salts: Salts::default(),
    }
}

fn request(c: &mut Criterion) {
    let hasher = Sha512::new_with_prefix([7; 1000]);
    let state = Sha512State::from_hasher(&hasher).expect("a short file");
    let text = Request::open_pgp_v4(state.clone(), None).to_json(1);
    c.bench_function("request/parse", |b| {
        b.iter(|| Request::parse(black_box(text.as_bytes())).expect("a request"));
    });
    let octets = state.to_octets();
    c.bench_function("request/state to digest", |b| {
        b.iter(|| {
            let state = Sha512State::from_octets(black_box(&octets)).expect("a state");
            state.digest()
        });
    });
}

fn sign(c: &mut Criterion) {
    let key = by_heart(&[7; 32]);
    let public = PublicKey::Ed25519(key.key.public_key().as_ref().to_vec());
    let user = "Example Packaging <packages@example.org>";
    let certificate = Certificate::issue(&public, &[user], birth(), &key).expect("a certificate");
    let enclave = enclave(certificate.clone());
    let client = ClientName::new("builder").expect("a name");
    let hasher = Sha512::new_with_prefix("a file");
    let state = Sha512State::from_hasher(&hasher).expect("a short file");
    let text = Request::open_pgp_v4(state.clone(), None).to_json(1);
    let now = birth() + Duration::from_secs(3600);
    let ask = || answer(black_box(text.as_bytes()), &client, &enclave, now).expect("a signature");
    c.bench_function("sign/all but the HSM", |b| b.iter(ask));

    let response = ask().to_json();
    c.bench_function("sign/parse the response and verify", |b| {
        b.iter(|| {
            let answer = Answer::parse(black_box(response.as_bytes())).expect("an answer");
            let Answer::Signature { text, .. } = answer else {
                panic!("no signature");
            };
            let detached = Detached::from_armored(&text).expect("a signature");
            detached.verify(&certificate, &state).expect("it verifies");
        });
    });
}

/// The first good vector of `kind`.
fn vector(vectors: &[Value], kind: &str) -> Value {
    let good = |vector: &&Value| vector["kind"] == kind && vector["accepted"].is_object();
    vectors.iter().find(good).expect("a vector").clone()
}

fn log(c: &mut Criterion) {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("JSON");
    let text = |vector: &Value, name: &str| vector[name].as_str().expect("text").to_owned();
    let entry = text(&vector(&vectors, "entry"), "octets");
    c.bench_function("log/parse and check an entry", |b| {
        b.iter(|| {
            let entry = Entry::parse(black_box(entry.as_bytes())).expect("an entry");
            entry.check()
        });
    });

    let mut edge = Edge::new();
    for _ in 0..100_000_u32 {
        edge.append(entry.as_bytes(), drop).expect("room");
    }
    let batch = vec![entry.as_bytes(); 256];
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(256));
    group.bench_function("append 256 to 100,000", |b| {
        b.iter(|| edge.grow(black_box(&batch)).expect("room"));
    });
    group.finish();
    let mut growth = edge.grow(&batch).expect("room");
    c.bench_function("log/prove one of 100,256", |b| {
        b.iter(|| growth.prove(black_box(100_100)).expect("there"));
    });

    let good = vector(&vectors, "proof");
    let octets = text(&good, "octets");
    let key = text(&good, "key").parse().expect("a key");
    let policy = LogPolicy::of_log(key);
    c.bench_function("log/parse and verify a proof", |b| {
        b.iter(|| {
            let proof = Proof::parse(black_box(octets.as_bytes())).expect("a proof");
            proof.entry(&policy).map(|_| ()).expect("it is in the log");
        });
    });
}

criterion_group!(benches, request, sign, log);
criterion_main!(benches);
