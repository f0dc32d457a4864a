//! A log in memory, behind the same door as the real one, which misbehaves on request.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use signstar::{
    config::ClientName,
    log::{
        Algorithm, Checkpoint, Edge, Entry, KeyName, Proof, Recorder, RecorderError, RequestId,
        SignedCheckpoint, VerifierKey,
    },
};

pub(crate) const ORIGIN: &str = "signstar.example.org/log";

/// What a log does with a question.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Mood {
    /// What it should.
    #[default]
    Good,
    /// Nothing: nobody answers.
    Away,
    /// It takes nothing from here.
    Refusing,
    /// It finds nothing, as if two had asked at the same time.
    LookingAway,
    /// It answers with the record of something else.
    Astray,
    /// It answers with something that is no proof.
    Nonsense,
    /// It signs with another key.
    Forging,
}

/// Entries in their order. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Book(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    key: Ed25519KeyPair,
    other: Ed25519KeyPair,
    entries: Mutex<Vec<Entry>>,
    mood: Mutex<Mood>,
    questions: AtomicUsize,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inside {
            key: Ed25519KeyPair::generate().expect("a key"),
            other: Ed25519KeyPair::generate().expect("a key"),
            entries: Mutex::default(),
            mood: Mutex::default(),
            questions: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        vkey(&self.0.key)
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.entries.lock().expect("no panic").clone()
    }

    /// How often it was asked for anything.
    pub(crate) fn questions(&self) -> usize {
        self.0.questions.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.0.mood.lock().expect("no panic") = mood;
    }

    fn mood(&self) -> Result<Mood, RecorderError> {
        self.0.questions.fetch_add(1, Ordering::Relaxed);
        let cause = || Box::new(io::Error::other("the cause"));
        match *self.0.mood.lock().expect("no panic") {
            Mood::Away => Err(RecorderError::Unavailable(cause())),
            Mood::Refusing => Err(RecorderError::Refused(cause())),
            mood => Ok(mood),
        }
    }

    fn prove(&self, index: usize, mood: Mood) -> String {
        let octets: Vec<_> = self.entries().iter().map(Entry::to_octets).collect();
        let mut growth = Edge::new().grow(&octets).expect("small entries");
        let head = growth.head();
        let pair = match mood {
            Mood::Forging => &self.0.other,
            _ => &self.0.key,
        };
        let index = if mood == Mood::Astray { 0 } else { index };
        let key = vkey(pair);
        let checkpoint = Checkpoint::new(key.name(), head);
        let raw = pair.sign(checkpoint.to_string().as_bytes());
        let signed = SignedCheckpoint::assemble(&checkpoint, &key, raw.as_ref());
        let number = u64::try_from(index).expect("small");
        let hashes = growth.prove(number).expect("it is there");
        let proof = Proof::new(&octets[index], number, hashes, &signed.expect("signed"));
        match mood {
            Mood::Nonsense => proof.to_string().replace("index", "number"),
            _ => proof.to_string(),
        }
    }

    fn position(&self, client: &str, id: &str) -> Option<usize> {
        let is_it = |entry: &Entry| entry.client() == client && entry.request_id() == Some(id);
        self.entries().iter().position(is_it)
    }
}

fn vkey(pair: &Ed25519KeyPair) -> VerifierKey {
    let name = KeyName::new(ORIGIN).expect("a name");
    VerifierKey::new(name, Algorithm::Ed25519, pair.public_key().as_ref()).expect("a key")
}

impl Recorder for Book {
    fn find(&self, client: &ClientName, id: &RequestId) -> Result<Option<String>, RecorderError> {
        let mood = self.mood()?;
        let found = self.position(client.as_str(), id.as_str());
        Ok(match (mood, found) {
            (Mood::LookingAway, _) | (_, None) => None,
            (_, Some(index)) => Some(self.prove(index, mood)),
        })
    }

    fn append(&self, entry: &Entry) -> Result<String, RecorderError> {
        let mood = self.mood()?;
        let id = entry.request_id();
        let index = match id.and_then(|id| self.position(entry.client(), id)) {
            Some(index) => index,
            None => {
                let mut entries = self.0.entries.lock().expect("no panic");
                entries.push(entry.clone());
                entries.len() - 1
            }
        };
        Ok(self.prove(index, mood))
    }
}
