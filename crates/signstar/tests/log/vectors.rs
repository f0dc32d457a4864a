//! The vectors of `spec/vectors/tlog.json`, every one of them.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use signstar::log::{
    Edge, Hash, Head, Reader, SignedCheckpoint, Tiles, VerifierKey, consistency, inclusion,
};

use crate::memory::{Memory, entry};

#[derive(Deserialize)]
struct Vectors {
    vkey: String,
    roots: BTreeMap<u64, String>,
    checkpoints: BTreeMap<u64, String>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
struct Inclusion {
    size: u64,
    index: u64,
    hashes: Vec<String>,
}

#[derive(Deserialize)]
struct Consistency {
    old: u64,
    new: u64,
    hashes: Vec<String>,
}

impl Vectors {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/tlog.json");
        let text = std::fs::read(path).expect("the vectors");
        serde_json::from_slice(&text).expect("JSON")
    }

    fn head(&self, size: u64) -> Head {
        Head {
            size,
            root: hash(&self.roots[&size]),
        }
    }
}

fn hash(text: &str) -> Hash {
    text.parse().expect("a hash")
}

fn hashes(texts: &[String]) -> Vec<Hash> {
    texts.iter().map(|text| hash(text)).collect()
}

/// A log of more entries than any vector asks for.
fn reader() -> Reader<impl Tiles<Error = String>> {
    let (memory, head) = Memory::of(70_001);
    Reader::open(memory, head).expect("our own files")
}

#[test]
fn roots() {
    let vectors = Vectors::read();
    let largest = *vectors.roots.keys().last().expect("roots");
    let mut edge = Edge::new();
    for size in 0..=largest {
        assert_eq!(edge.size(), size);
        if vectors.roots.contains_key(&size) {
            assert_eq!(edge.head(), vectors.head(size));
            let hashes: Vec<Hash> = (0..size).map(|at| Hash::leaf(&entry(at))).collect();
            assert_eq!(Hash::root(&hashes), vectors.head(size).root);
        }
        edge.append(&entry(size), |_| {}).expect("a small entry");
    }
    let mut reader = reader();
    for &size in vectors.roots.keys() {
        let root = reader.root_at(size).expect("in the log");
        assert_eq!(root, vectors.head(size).root, "{size}");
    }
}

#[test]
fn inclusion_proofs() {
    let vectors = Vectors::read();
    let mut reader = reader();
    for Inclusion {
        size,
        index,
        hashes: texts,
    } in &vectors.inclusion
    {
        let proof = inclusion::prove(*index, *size, &mut reader).expect("our own files");
        assert_eq!(proof, Some(hashes(texts)), "{index} of {size}");
        let head = vectors.head(*size);
        let leaf = Hash::leaf(&entry(*index));
        inclusion::verify(leaf, *index, &head, &hashes(texts)).expect("a proof");
    }
}

#[test]
fn consistency_proofs() {
    let vectors = Vectors::read();
    let mut reader = reader();
    for Consistency {
        old,
        new,
        hashes: texts,
    } in &vectors.consistency
    {
        let proof = consistency::prove(*old, *new, &mut reader).expect("our own files");
        assert_eq!(proof, Some(hashes(texts)), "{old} to {new}");
        let (old, new) = (vectors.head(*old), vectors.head(*new));
        consistency::verify(&old, &new, &hashes(texts)).expect("a proof");
    }
}

#[test]
fn checkpoints() {
    let vectors = Vectors::read();
    let key: VerifierKey = vectors.vkey.parse().expect("a verifier key");
    assert_eq!(key.to_string(), vectors.vkey);
    for (&size, text) in &vectors.checkpoints {
        let signed = SignedCheckpoint::open(text.as_bytes(), &key).expect("a checkpoint");
        assert_eq!(*signed.head(), vectors.head(size));
        assert_eq!(signed.note().to_string(), *text);
    }
}
