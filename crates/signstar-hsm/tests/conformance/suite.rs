//! The stories that are true of every kind of HSM.

use std::{
    fmt,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256, Sha512};
use signstar::{
    config::{Config, Hsm, HsmKeyId, Key},
    request::Digest,
    sign::{Message, PublicKey, Signer, SignerError},
};
use signstar_hsm::{Conduct, Event, Hurry, Witness};

use crate::openssl;

/// An HSM of some kind with a key of every type that it can have, and somebody who can harm it.
pub(crate) trait Bench: Sized {
    /// Sets one up; tells why if that cannot be done here.
    fn begin() -> Option<Self>;
    /// The HSM, with this time-out.
    fn hsm(&self, timeout_seconds: u32) -> Hsm;
    /// The names of its keys, with their public halves.
    fn keys(&self) -> Vec<(String, PublicKey)>;
    /// The key called `name`, with what it takes to use it.
    fn key(&self, name: &str) -> Key;
    /// The same with another passphrase.
    fn key_with_wrong_credentials(&self, name: &str) -> Key;
    /// From now on it cannot be reached.
    fn go_away(&mut self);
    /// From now on it takes longer than anybody waits.
    fn be_slow(&mut self);
    /// From now on its signatures are wrong.
    fn lie(&mut self);
    /// From now on all is well.
    fn behave(&mut self);
}

/// The HSM that `table` is about, as a configuration has it.
pub(crate) fn hsm(table: &str) -> Hsm {
    let text =
        format!("domain = \"signstar.example.org\"\nlog = \"unlogged\"\n[hsm.main]\n{table}");
    let config = Config::parse(&text).expect("good");
    config.hsms.into_values().next().expect("one")
}

/// Keeps what it is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Witness for Told {
    fn tell(&self, event: &Event<'_>) {
        self.0.lock().expect("sound").push(format!("{event:?}"));
    }
}

impl Told {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().expect("sound").clone()
    }
}

pub(crate) fn conduct(public_key: Option<PublicKey>, patience: Duration) -> (Conduct, Told) {
    let told = Told::default();
    let conduct = Conduct {
        public_key,
        patience,
        connections: 4,
        hurry: Arc::new(Hurry::default()),
        state: None,
        witness: Arc::new(told.clone()),
    };
    (conduct, told)
}

const LONG: Duration = Duration::from_secs(60);

/// The signer of a key, for somebody patient.
pub(crate) fn signer(bench: &impl Bench, name: &str, public: Option<PublicKey>) -> Box<dyn Signer> {
    let (conduct, _) = conduct(public, LONG);
    open(&bench.key(name), &bench.hsm(30), conduct)
}

pub(crate) fn open(key: &Key, hsm: &Hsm, conduct: Conduct) -> Box<dyn Signer> {
    signstar_hsm::open(key, hsm, conduct).expect("opened")
}

/// Everything that a key of this type is asked to sign, over `text`.
pub(crate) fn messages(key: &PublicKey, text: &str) -> Vec<Message> {
    let sha256: [u8; 32] = Sha256::digest(text).into();
    let sha512: [u8; 64] = Sha512::digest(text).into();
    let info = |head: &str, digest: &[u8]| {
        let head = hex::decode(head).expect("hexadecimal");
        Message::RsaPkcs1([&head, digest].concat())
    };
    match key {
        PublicKey::Rsa { .. } => vec![
            info("3031300d060960864801650304020105000420", &sha256),
            info("3051300d060960864801650304020305000440", &sha512),
            Message::RsaPss(Digest::Sha256(sha256)),
            Message::RsaPss(Digest::Sha512(sha512)),
        ],
        PublicKey::P256(_) => vec![Message::Ecdsa(sha512[..32].to_vec())],
        PublicKey::P384(_) => vec![Message::Ecdsa(sha512[..48].to_vec())],
        PublicKey::P521(_) => vec![Message::Ecdsa(sha512.to_vec())],
        PublicKey::Ed25519(_) => vec![
            Message::Ed25519(sha512.to_vec()),
            Message::Ed25519(text.as_bytes().to_vec()),
        ],
    }
}

fn kind(signed: Result<Vec<u8>, SignerError>) -> String {
    match signed {
        Ok(_) => "signed".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What comes of a signature of an HSM that is back; on a machine with much to do, one attempt may
/// take longer than the short patience of these stories.
fn in_the_end(signer: &dyn Signer, message: &Message) -> String {
    let end = Instant::now() + LONG;
    loop {
        let said = kind(signer.sign(message));
        if said != "the HSM is unavailable" || Instant::now() > end {
            return said;
        }
    }
}

/// One key of each bench, for what has nothing to do with its type.
fn ed25519(bench: &impl Bench) -> (String, PublicKey, Message) {
    let mut keys = bench.keys().into_iter();
    let (name, public) = keys
        .rfind(|(_, key)| matches!(key, PublicKey::Ed25519(_)))
        .expect("every HSM has one");
    let message = messages(&public, "a text").remove(0);
    (name, public, message)
}

pub(crate) fn every_type_of_key_signs_what_openssl_accepts<B: Bench>() {
    let Some(bench) = B::begin() else { return };
    for (name, public) in bench.keys() {
        let signer = signer(&bench, &name, Some(public.clone()));
        for message in messages(&public, "what is signed") {
            let signature = signer.sign(&message).unwrap_or_else(|error| {
                panic!("{name}: {}", Whole(&error));
            });
            openssl::accepts(&public, &message, &signature)
                .unwrap_or_else(|said| panic!("{name}, {message:?}: {said}"));
            public.verify(&message, &signature).expect("so do we");
        }
    }
}

pub(crate) fn a_key_that_is_not_there_or_of_another_type_is_refused<B: Bench>() {
    let Some(bench) = B::begin() else { return };
    let (name, public, message) = ed25519(&bench);
    let mut missing = bench.key(&name);
    missing.id = HsmKeyId::new("nobody").expect("an identifier");
    let (conduct, _) = conduct(None, LONG);
    let nobody = open(&missing, &bench.hsm(30), conduct);
    assert_eq!(kind(nobody.sign(&message)), "the HSM refuses");

    let right = signer(&bench, &name, Some(public));
    let rsa = Message::RsaPss(Digest::Sha512([7; 64]));
    assert_eq!(kind(right.sign(&rsa)), "the HSM refuses");
    assert_eq!(kind(right.sign(&message)), "signed");
}

pub(crate) fn wrong_credentials_are_refused_and_cost_the_others_nothing<B: Bench>() {
    let Some(bench) = B::begin() else { return };
    let (name, public, message) = ed25519(&bench);
    let (conduct, _) = conduct(Some(public.clone()), LONG);
    let wrong = open(
        &bench.key_with_wrong_credentials(&name),
        &bench.hsm(30),
        conduct,
    );
    for _ in 0..3 {
        assert_eq!(kind(wrong.sign(&message)), "the HSM refuses");
    }
    let right = signer(&bench, &name, Some(public));
    assert_eq!(kind(right.sign(&message)), "signed");
}

pub(crate) fn who_is_away_and_back_needs_no_restart<B: Bench>() {
    let Some(mut bench) = B::begin() else { return };
    let (name, public, message) = ed25519(&bench);
    let (conduct, told) = conduct(Some(public), Duration::from_secs(3));
    let signer = open(&bench.key(&name), &bench.hsm(2), conduct);
    assert_eq!(in_the_end(&*signer, &message), "signed");
    bench.go_away();
    assert_eq!(kind(signer.sign(&message)), "the HSM is unavailable");
    assert!(!told.lines().is_empty(), "attempts are told");
    bench.behave();
    assert_eq!(in_the_end(&*signer, &message), "signed");
    // And from the beginning: nothing is there when it is first asked.
    bench.go_away();
    let (name, public, message) = ed25519(&bench);
    let (conduct, _) = self::conduct(Some(public), Duration::from_secs(2));
    let signer = open(&bench.key(&name), &bench.hsm(2), conduct);
    assert_eq!(kind(signer.sign(&message)), "the HSM is unavailable");
    bench.behave();
    assert_eq!(in_the_end(&*signer, &message), "signed");
}

pub(crate) fn who_is_too_slow_is_given_up<B: Bench>() {
    let Some(mut bench) = B::begin() else { return };
    let (name, public, message) = ed25519(&bench);
    let (conduct, _) = conduct(Some(public), Duration::from_secs(2));
    let signer = open(&bench.key(&name), &bench.hsm(1), conduct);
    bench.be_slow();
    assert_eq!(kind(signer.sign(&message)), "the HSM is unavailable");
    bench.behave();
    assert_eq!(in_the_end(&*signer, &message), "signed");
}

pub(crate) fn who_makes_a_wrong_signature_is_asked_no_more<B: Bench>() {
    let Some(mut bench) = B::begin() else { return };
    let (name, public, message) = ed25519(&bench);
    let (conduct, told) = conduct(Some(public), LONG);
    let signer = open(&bench.key(&name), &bench.hsm(30), conduct);
    assert_eq!(kind(signer.sign(&message)), "signed");
    bench.lie();
    assert_eq!(kind(signer.sign(&message)), "the HSM answers nonsense");
    bench.behave();
    assert_eq!(kind(signer.sign(&message)), "the HSM answers nonsense");
    let shouts = told.lines();
    let shouts: Vec<_> = shouts
        .iter()
        .filter(|line| line.contains("OutOfUse"))
        .collect();
    assert_eq!(shouts.len(), 1, "{shouts:?}");
}

pub(crate) fn many_at_once_get_their_own_signatures<B: Bench>() {
    let Some(bench) = B::begin() else { return };
    for (name, public) in bench.keys() {
        let signer = signer(&bench, &name, Some(public.clone()));
        thread::scope(|scope| {
            for asker in 0..8 {
                let (signer, public, name) = (&signer, &public, &name);
                scope.spawn(move || {
                    for number in 0..5 {
                        let text = format!("{asker} asks for {number}");
                        let message = messages(public, &text).remove(0);
                        let signature = signer.sign(&message).expect(name);
                        public.verify(&message, &signature).expect(name);
                    }
                });
            }
        });
    }
}

/// An error with its causes, in one line.
pub(crate) struct Whole<'a>(pub(crate) &'a dyn std::error::Error);

impl fmt::Display for Whole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// The whole suite for one kind of HSM.
macro_rules! conformance {
    ($kind:ident, $bench:ty) => {
        crate::suite::conformance!($kind, $bench:
            every_type_of_key_signs_what_openssl_accepts,
            a_key_that_is_not_there_or_of_another_type_is_refused,
            wrong_credentials_are_refused_and_cost_the_others_nothing,
            who_is_away_and_back_needs_no_restart,
            who_is_too_slow_is_given_up,
            who_makes_a_wrong_signature_is_asked_no_more,
            many_at_once_get_their_own_signatures,
        );
    };
    ($kind:ident, $bench:ty: $($story:ident,)*) => {
        mod $kind {
            $(
                #[test]
                fn $story() {
                    crate::suite::$story::<$bench>();
                }
            )*
        }
    };
}
pub(crate) use conformance;
