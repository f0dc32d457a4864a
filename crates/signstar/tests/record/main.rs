//! The stage of the log: what goes on record, what is answered from there, and what is not
//! believed.

mod book;
mod clock;
mod doubts;
mod kinds;
mod names;
#[path = "../openpgp/software.rs"]
mod software;
mod twice;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha512};
use signstar::{
    Enclave, answer,
    config::{ClientName, ClientRules, Domain, FileNames, KeyName, Mechanism, SshNamespace},
    log::{Log, PublicLog},
    policy::Policy,
    refusal::Refused,
    request::{AllegedName, OutputType, Request, RequestId, Salt, Salts, Sha512State},
    response::Answer,
    sign::{Certificate, Keyring, Message, Signer, SignerError, SigningKey},
};

use crate::{book::Book, software::Software};

const USER_ID: &str = "Example Packaging <packages@example.org>";
const FILE: &[u8] = b"what a build host has built";
const NAME: &str = "example-1.0-1-any.pkg.tar.zst";

/// 2026-01-01 00:00 UTC: when the keys of these tests were made.
fn birth() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn state(file: &[u8]) -> Sha512State {
    Sha512State::from_hasher(&Sha512::new_with_prefix(file)).expect("a short file")
}

fn domain() -> Domain {
    Domain::new("signstar.example.org").expect("a domain")
}

fn id(text: &str) -> RequestId {
    RequestId::new(text).expect("an id")
}

fn alleged() -> Option<AllegedName> {
    AllegedName::new(NAME)
}

/// A key that counts what it signs.
#[derive(Clone, Debug)]
struct Counting(Software, Arc<AtomicUsize>);

impl Signer for Counting {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sign(message)
    }
}

/// An enclave with a log, and two keys: one for OpenPGP and SSH, `builder` and `other` have it, and
/// one for raw signatures, which `loader` has.
struct Story {
    book: Book,
    enclave: Enclave,
    key: Software,
    certificate: Certificate,
    certificate_v6: Certificate,
    operations: Arc<AtomicUsize>,
    now: SystemTime,
}

impl Story {
    fn begin() -> Self {
        Self::with(Software::ed25519(), Mechanism::Ed25519)
    }

    fn with(key: Software, mechanism: Mechanism) -> Self {
        let book = Book::new();
        let certificate =
            Certificate::issue(&key.public(), &[USER_ID], birth(), &key).expect("a certificate");
        let mut random = || Salt::new([7; Salt::OCTETS]);
        let certificate_v6 =
            Certificate::issue_v6(&key.public(), &[USER_ID], birth(), &mut random, &key)
                .expect("a certificate");
        let operations = Arc::new(AtomicUsize::new(0));
        let signer = || Box::new(Counting(key.clone(), operations.clone()));
        let packages = SigningKey::new(certificate.clone(), signer(), domain(), [].into())
            .with_certificate(certificate_v6.clone())
            .and_then(|key| key.with_ssh_namespace(namespace()))
            .expect("they belong together");
        let boot = SigningKey::without_certificate(key.public(), signer(), domain())
            .with_raw(mechanism)
            .expect("the right mechanism");
        let kinds = [
            OutputType::OpenPgpV4,
            OutputType::OpenPgpV6,
            OutputType::Ssh,
        ];
        let rules = ClientRules::new(key_name("packages"), kinds);
        let loader = ClientRules::new(key_name("boot"), [OutputType::Raw]);
        let clients = [
            ("builder", rules.clone()),
            ("other", rules),
            ("loader", loader),
        ];
        let clients = clients.map(|(name, rules)| (client(name), rules));
        let next = AtomicU8::new(1);
        let enclave = Enclave {
            policy: Policy::new(clients.into()),
            keyring: Keyring::from([(key_name("packages"), packages), (key_name("boot"), boot)]),
            log: Log::Public(public_log(&book, FileNames::Plain)),
            salts: Salts::drawn_from(move || Ok([next.fetch_add(1, Ordering::Relaxed); 32])),
        };
        Self {
            book,
            enclave,
            key,
            certificate,
            certificate_v6,
            operations,
            now: birth() + Duration::from_secs(3600),
        }
    }

    /// What `name` is answered, after the way through both wire formats.
    fn ask(&self, name: &str, request: &Request) -> Result<Answer, Refused> {
        let octets = request.to_json(1);
        let response = answer(octets.as_bytes(), &client(name), &self.enclave, self.now)?;
        Ok(Answer::parse(response.to_json().as_bytes()).expect("an own response is one"))
    }

    /// The signature and its proof.
    fn sign(&self, name: &str, request: &Request) -> (String, Option<String>) {
        match self.ask(name, request) {
            Ok(Answer::Signature { text, log, .. }) => (text, log),
            Ok(other) => panic!("in place of a signature: {other:?}"),
            Err(refused) => panic!("{refused}: {:?}", refused.cause()),
        }
    }

    /// How often a key has signed.
    fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }
}

fn public_log(book: &Book, names: FileNames) -> PublicLog {
    PublicLog::new(Box::new(book.clone()), book.vkey(), names)
}

fn client(name: &str) -> ClientName {
    ClientName::new(name).expect("a name")
}

fn key_name(name: &str) -> KeyName {
    KeyName::new(name).expect("a name")
}

fn namespace() -> SshNamespace {
    SshNamespace::new("packages@example.org").expect("a namespace")
}

/// A request for an OpenPGP signature of version 4 of `file`.
fn request(file: &[u8]) -> Request {
    Request::open_pgp_v4(state(file), alleged())
}
