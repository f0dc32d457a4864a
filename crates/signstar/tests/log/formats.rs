//! The vectors of `spec/vectors/log.json`, every one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use signstar::log::{
    Algorithm, Entry, Hash, NotVerified, Note, Policy, Proof, SignedCheckpoint, Verified,
    VerifierKey, bundle,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors")
}

fn vectors() -> Vec<Value> {
    let octets = std::fs::read(folder().join("log.json")).expect("the vectors");
    serde_json::from_slice(&octets).expect("JSON")
}

fn octets(vector: &Value) -> Vec<u8> {
    match vector["octets_base64"].as_str() {
        Some(base64) => BASE64_STANDARD.decode(base64).expect("base64"),
        None => text(&vector["octets"]).as_bytes().to_vec(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn key(value: &Value) -> VerifierKey {
    text(value).parse().expect("a verifier key")
}

/// What an implementation says of a vector: the value of `accepted` or of `outcome`, or nothing
/// where it refuses.
fn verdict(vector: &Value) -> Option<Value> {
    let octets = octets(vector);
    match text(&vector["kind"]) {
        "key" => verifier_key(str::from_utf8(&octets).ok()?),
        "note" => note(&octets, &vector["keys"]),
        "checkpoint" => checkpoint(&octets, &key(&vector["key"])),
        "policy" => Some(json!(policy(&octets, text(&vector["checkpoint"])))),
        "proof" => proof(&octets, &key(&vector["key"]), text(&vector["entry"])),
        "bundle" => entries(&octets),
        "entry" => entry(&octets),
        other => panic!("vectors of the kind {other}"),
    }
}

fn verifier_key(text: &str) -> Option<Value> {
    let key: VerifierKey = text.parse().ok()?;
    assert_eq!(key.to_string(), text);
    let number = match key.algorithm() {
        Algorithm::Ed25519 => 1,
        Algorithm::CosignatureEd25519 => 4,
        Algorithm::CosignatureMlDsa44 => 6,
    };
    let (id, public) = (hex::encode(key.id()), hex::encode(key.public()));
    Some(json!({"name": key.name().as_str(), "id": id, "type": number, "public": public}))
}

fn note(octets: &[u8], keys: &Value) -> Option<Value> {
    let note = Note::parse(octets).ok()?;
    assert_eq!(note.to_string().as_bytes(), octets);
    assert_eq!(Note::new(note.text(), note.signatures()), Ok(note.clone()));
    let say = |key_text: &Value| match note.verify(&key(key_text)) {
        Ok(Verified::Signed) => json!("signed"),
        Ok(Verified::Cosigned(time)) => json!(time),
        Err(NotVerified::Wrong) => json!("wrong"),
        Err(NotVerified::Missing) => json!("missing"),
        Err(NotVerified::Unsupported) => json!("unsupported"),
    };
    let verified: Vec<Value> = keys.as_array().expect("keys").iter().map(say).collect();
    Some(json!({"text": note.text(), "verified": verified}))
}

fn checkpoint(octets: &[u8], key: &VerifierKey) -> Option<Value> {
    let signed = SignedCheckpoint::open(octets, key).ok()?;
    assert_eq!(signed.note().to_string().as_bytes(), octets);
    assert_eq!(signed.checkpoint().origin(), key.name().as_str());
    let (head, extensions) = (signed.head(), signed.checkpoint().extensions());
    let root = head.root.to_string();
    Some(json!({"size": head.size, "root": root, "extensions": extensions}))
}

fn policy(octets: &[u8], checkpoint: &str) -> &'static str {
    let Ok(policy) = Policy::parse(octets) else {
        return "malformed";
    };
    let note = Note::parse(checkpoint.as_bytes());
    match note.map(|note| policy.check(&note)) {
        Ok(Ok(_)) => "accepted",
        Ok(Err(_)) | Err(_) => "refused",
    }
}

fn proof(octets: &[u8], key: &VerifierKey, entry: &str) -> Option<Value> {
    let proof = Proof::parse(octets).ok()?;
    assert_eq!(proof.to_string().as_bytes(), octets);
    let policy = Policy::of_log(key.clone());
    let signed = proof.verify(entry.as_bytes(), &policy).ok()?;
    let logged = proof.entry(&policy).ok().map(|(entry, _)| entry);
    let extra = proof.extra().filter(|extra| *extra == entry.as_bytes());
    assert_eq!(logged, extra, "only what is logged is an entry");
    Some(json!({"index": proof.index(), "size": signed.head().size}))
}

fn entries(octets: &[u8]) -> Option<Value> {
    let entries = bundle::entries(octets).ok()?;
    let mut again = Vec::new();
    for entry in &entries {
        bundle::push(&mut again, entry).expect("it was in a bundle");
    }
    assert_eq!(again, octets);
    let leaf = |entry: &&[u8]| hex::encode(Hash::leaf(entry).as_octets());
    Some(json!({"leaves": entries.iter().map(leaf).collect::<Vec<_>>()}))
}

fn entry(octets: &[u8]) -> Option<Value> {
    let entry = Entry::parse(octets).ok()?;
    assert_eq!(entry.to_octets(), octets);
    Some(json!({"leaf": hex::encode(Hash::leaf(octets).as_octets())}))
}

#[test]
fn every_vector_is_judged_as_specified() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut names = BTreeSet::new();
    for vector in vectors() {
        let name = text(&vector["name"]).to_owned();
        let expected = vector.get("accepted").or_else(|| vector.get("outcome"));
        if expected.is_none() {
            assert_eq!(vector["refused"], true, "{name}");
        }
        assert_eq!(verdict(&vector).as_ref(), expected, "{name}");
        assert!(names.insert(name.clone()), "{name} twice");
        *seen.entry(text(&vector["kind"]).to_owned()).or_default() += 1;
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn one_bit_flipped_in_a_signed_checkpoint_or_a_proof_is_refused() {
    for name in ["checkpoint: 11 entries", "proof: entry 3"] {
        let all = vectors();
        let vector = all.iter().find(|vector| vector["name"] == name);
        let vector = vector.expect(name);
        let octets = octets(vector);
        let mut vector = vector.clone();
        assert!(verdict(&vector).is_some());
        for bit in 0..octets.len() * 8 {
            let mut forged = octets.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            vector["octets_base64"] = json!(BASE64_STANDARD.encode(&forged));
            // The extra data is not signed. It is not believed either: see the function above.
            let extra = name.starts_with("proof") && in_extra_data(&octets, bit / 8);
            assert!(verdict(&vector).is_none() || extra, "{name}, bit {bit}");
        }
    }
}

fn in_extra_data(octets: &[u8], at: usize) -> bool {
    let line = octets.split(|&octet| octet == b'\n').nth(1).expect("lines");
    assert!(line.starts_with(b"extra "));
    let start = octets
        .iter()
        .position(|&octet| octet == b'\n')
        .expect("lines")
        + 1;
    (start..start + line.len()).contains(&at)
}

#[test]
fn the_vectors_are_those_of_their_independent_maker() {
    let mut make = Command::new("python3");
    match make
        .arg(folder().join("make_log.py"))
        .arg("--check")
        .output()
    {
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: python3 does not start: {error}"
            );
        }
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
