//! Sessions without SSH and without an HSM.

use std::{
    collections::BTreeSet,
    io::{Read, Write, pipe},
    num::{NonZeroU32, NonZeroU64},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use sha2::{Digest as _, Sha512};
use signstar::{
    Enclave,
    config::{self, ClientName, ClientRules, Domain, KeyName, Limits},
    log::Log,
    policy::Policy,
    request::{OutputType, Request, Salts, Sha512State},
    sign::{Keyring, Message, PublicKey, Signer, SignerError, SigningKey},
};
use signstar_hsm::Hurry;

use super::Session;
use crate::{journal::Journal, stop::Stop, stopwatch::Stopwatch};

/// Signs nothing, in its own time, and counts how many do so at once.
#[derive(Debug, Default)]
struct Sluggish {
    now: AtomicUsize,
    most: AtomicUsize,
    threads: std::sync::Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Shared(Arc<Sluggish>);

impl Signer for Shared {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let now = self.0.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        let thread = format!("{:?}", thread::current().id());
        self.0.threads.lock().expect("whole").insert(thread);
        thread::sleep(Duration::from_millis(5));
        self.0.now.fetch_sub(1, Ordering::SeqCst);
        // The digest of the empty file is the signal to fail as nobody should.
        let Message::Ed25519(digest) = message else {
            panic!("a key of another kind");
        };
        assert_ne!(digest[..], hash("")[..], "told to panic");
        Err(SignerError::Unavailable("asleep".into()))
    }
}

/// What a raw signature of a file with `content` is made over.
fn hash(content: &str) -> [u8; 64] {
    Sha512::digest(content).into()
}

fn request(content: &str) -> String {
    let hasher = Sha512::new().chain_update(content);
    let state = Sha512State::from_hasher(&hasher).expect("a state");
    Request::new(
        signstar::request::Input::State(state),
        signstar::request::Output::Raw,
        None,
    )
    .expect("sound")
    .to_json(0)
}

/// The answers to `input`, the exit status, and the HSM that was asked.
fn run(in_flight: u32, input: String) -> (Vec<Value>, u8, Arc<Sluggish>, Vec<Value>) {
    let hsm = Arc::new(Sluggish::default());
    let client = ClientName::new("builder").expect("a name");
    let name = KeyName::new("boot").expect("a name");
    let signer = Box::new(Stopwatch(Box::new(Shared(hsm.clone()))));
    let domain = Domain::new("signstar.example.org").expect("a domain");
    let key = SigningKey::without_certificate(PublicKey::Ed25519(vec![7; 32]), signer, domain)
        .with_raw(config::Mechanism::Ed25519)
        .expect("an Ed25519 key");
    let rules = ClientRules::new(name.clone(), [OutputType::Raw]);
    let enclave = Enclave {
        policy: Policy::new([(client.clone(), rules)].into()),
        keyring: Keyring::from([(name.clone(), key)]),
        log: Log::Unlogged,
        salts: Salts::default(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let journal = Journal::open(&config::Journal::File(path.clone())).expect("a journal");
    let stop = Stop::new(Arc::new(Hurry::default())).expect("a pair of sockets");
    let session = Session {
        enclave: &enclave,
        seated: Ok(()),
        client: &client,
        key: Some(&name),
        limits: Limits {
            in_flight: NonZeroU32::new(in_flight).expect("some"),
            requests: NonZeroU64::new(1000).expect("some"),
            ..Limits::default()
        },
        journal: &journal,
        figures: None,
        stop: &stop,
    };
    let (from_client, mut to_server) = pipe().expect("a pipe");
    let (mut from_server, to_client) = pipe().expect("a pipe");
    let (text, status) = thread::scope(|scope| {
        scope.spawn(move || to_server.write_all(input.as_bytes()));
        let reading = scope.spawn(move || {
            let mut text = String::new();
            from_server.read_to_string(&mut text).map(|_| text)
        });
        let status = session.run(from_client, to_client);
        (reading.join().expect("no panic").expect("text"), status)
    });
    let lines = |text: &str| {
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        lines.collect::<Vec<Value>>()
    };
    let journal = std::fs::read_to_string(path).expect("a journal");
    (lines(&text), status, hsm, lines(&journal))
}

#[test]
fn no_more_is_worked_on_at_once_than_allowed() {
    for in_flight in [1, 3] {
        let (answers, status, hsm, _) = run(in_flight, request("content").repeat(30));
        assert_eq!((answers.len(), status), (30, 4));
        let most = hsm.most.load(Ordering::SeqCst);
        assert!(most <= usize::try_from(in_flight).expect("small"), "{most}");
        let threads = hsm.threads.lock().expect("whole").len();
        assert!(threads <= usize::try_from(in_flight).expect("small"));
    }
}

#[test]
fn a_single_request_gets_a_single_thread() {
    let (answers, _, hsm, _) = run(32, request("content"));
    assert_eq!(answers.len(), 1);
    assert_eq!(hsm.threads.lock().expect("whole").len(), 1);
}

#[test]
fn an_error_in_this_program_costs_one_request_and_is_in_the_journal() {
    let input = [request("first"), request(""), request("last")].concat();
    let (answers, status, _, journal) = run(2, input);
    assert_eq!(status, 4);
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| &answer["refusal"]["code"])
        .collect();
    assert_eq!(
        codes,
        ["hsm-unavailable", "misconfigured", "hsm-unavailable"]
    );
    assert_eq!(journal.len(), 3);
    let told = journal
        .iter()
        .find(|line| line["outcome"] == "misconfigured");
    let told = told.expect("a line");
    assert!(
        told["cause"]
            .as_str()
            .is_some_and(|cause| cause.contains("told to panic"))
    );
    assert_eq!(told["sha512"], hex::encode(hash("")));
    for answer in answers {
        assert!(!answer.to_string().contains("panic"), "{answer}");
    }
}
