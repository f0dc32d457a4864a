//! spec/vectors/shares.json, made by an implementation in Python.

use std::{collections::HashSet, fs};

use serde_json::Value;
use signstar_shares::{
    BadBox, CannotOpen, Receipt, Scheme, SealedBox, Secret, Share, Unreadable, split,
};

use crate::{read, spec};

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member} in {vector}"))
}

fn octets(vector: &Value, member: &str) -> Vec<u8> {
    hex::decode(text(vector, member)).expect("hexadecimal")
}

fn number(vector: &Value, member: &str) -> u8 {
    let number = vector[member].as_u64().expect("a number");
    number.try_into().expect("a small one")
}

#[test]
fn every_vector_holds() {
    let file = fs::read(spec().join("vectors/shares.json")).expect("readable");
    let vectors: Vec<Value> = serde_json::from_slice(&file).expect("JSON");
    let mut names = HashSet::new();
    for vector in &vectors {
        assert!(names.insert(text(vector, "name")), "{vector}");
        match text(vector, "kind") {
            "set" => set(vector),
            "share" => share(vector),
            "open" => open(vector),
            "box" => sealed(vector),
            other => panic!("{other}"),
        }
    }
    assert!(names.len() > 80);
}

/// The same randomness makes the same box and shares.
fn set(vector: &Value) {
    let random = octets(vector, "random");
    let mut parts = random.chunks_exact(32);
    let secret = Secret::new(octets(vector, "secret")).expect("a secret");
    let scheme = Scheme::new(number(vector, "threshold"), number(vector, "count")).expect("one");
    let (sealed, shares) = split(&secret, scheme, |octets| {
        octets.copy_from_slice(parts.next().ok_or("no more")?);
        Ok::<(), &str>(())
    })
    .expect("enough");
    assert!(parts.next().is_none());
    assert_eq!(sealed.to_string(), text(vector, "box"));
    assert_eq!(sealed.set_id().to_string(), text(vector, "set"));
    assert_eq!(
        sealed.set_id().as_octets().as_slice(),
        octets(vector, "set")
    );
    let made = vector["shares"].as_array().expect("shares");
    assert_eq!(shares.len(), made.len());
    for (share, made) in shares.iter().zip(made) {
        assert_eq!(share.to_text().expose(), text(made, "text"));
        assert_eq!(share.to_words().expose(), text(made, "words"));
        let receipt: Receipt = text(made, "receipt").parse().expect("a receipt");
        assert_eq!(share.receipt(), receipt);
        assert_eq!(sealed.confirms(&receipt), Some(share.index()));
    }
    let opened = sealed.open(&shares).expect("all");
    assert_eq!(opened.secret().expose(), secret.expose());
}

fn share(vector: &Value) {
    let input = text(vector, "text");
    let found = read(input);
    if let Some(accepted) = vector["accepted"].as_str() {
        let found = found.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(found.to_text().expose(), accepted);
        return;
    }
    let (code, position) = match found.err().expect("refused") {
        Unreadable::NotAShare => ("not-a-share", None),
        Unreadable::Encrypted => ("encrypted", None),
        Unreadable::MixedCase => ("mixed-case", None),
        Unreadable::Character { position } => ("character", Some(position)),
        Unreadable::Characters { .. } => ("characters", None),
        Unreadable::UnknownWord { position } => ("unknown-word", Some(position)),
        Unreadable::Words { .. } => ("words", None),
        Unreadable::Damaged { position } => ("damaged", position),
        Unreadable::NewerVersion(_) => ("newer-version", None),
        Unreadable::Malformed => ("malformed", None),
    };
    assert_eq!(code, text(vector, "refused"), "{vector}");
    if let Some(expected) = vector["position"].as_u64() {
        assert_eq!(position.map(|at| at as u64), Some(expected), "{vector}");
    }
}

fn open(vector: &Value) {
    let sealed = SealedBox::parse(text(vector, "box")).expect("a box");
    let texts = vector["shares"].as_array().expect("shares");
    let shares: Vec<Share> = texts
        .iter()
        .map(|text| read(text.as_str().expect("text")).expect("a share"))
        .collect();
    let opened = sealed.open(&shares);
    if vector["accepted"].is_string() {
        let opened = opened.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(opened.secret().expose(), octets(vector, "accepted"));
        return;
    }
    let code = match opened.err().expect("refused") {
        CannotOpen::NoShares => "no-shares",
        CannotOpen::OtherSet { .. } => "other-set",
        CannotOpen::OtherScheme { .. } => "other-scheme",
        CannotOpen::OtherBox { .. } => "other-box",
        CannotOpen::Twice { .. } => "twice",
        CannotOpen::Conflict { .. } => "conflict",
        CannotOpen::TooFew { .. } => "too-few",
        CannotOpen::Forged { index } => {
            for share in &shares {
                let is_forged = sealed.check(share) == Err(CannotOpen::Forged { index });
                assert_eq!(is_forged, share.index() == index);
            }
            "forged"
        }
        CannotOpen::DamagedBox => "damaged-box",
    };
    assert_eq!(code, text(vector, "refused"), "{vector}");
}

fn sealed(vector: &Value) {
    let input = text(vector, "text");
    let found = SealedBox::parse(input);
    if vector["accepted"] == true {
        assert_eq!(found.map(|sealed| sealed.to_string()), Ok(input.to_owned()));
        return;
    }
    let (code, line) = match found.expect_err(input) {
        BadBox::NotABox => ("not-a-box", None),
        BadBox::NewerVersion(_) => ("newer-version", None),
        BadBox::TooLong => ("too-long", None),
        BadBox::Line(line) => ("line", Some(line)),
    };
    assert_eq!(code, text(vector, "refused"), "{vector}");
    assert_eq!(
        line.map(|line| line as u64),
        vector["line"].as_u64(),
        "{vector}"
    );
}
