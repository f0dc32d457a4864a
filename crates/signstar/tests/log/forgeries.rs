//! One bit flipped anywhere is refused.

use signstar::log::{CannotRead, Hash, Head, Reader, consistency, inclusion};

use crate::memory::{Memory, entry};

fn flipped(octets: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
    let octets = octets.to_vec();
    (0..octets.len() * 8).map(move |bit| {
        let mut forged = octets.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        forged
    })
}

fn flipped_hash(hash: Hash) -> impl Iterator<Item = Hash> {
    let octets = *hash.as_octets();
    flipped(&octets).map(|octets| Hash::from_octets(octets.try_into().expect("as long")))
}

#[test]
fn in_an_inclusion_proof_its_root_and_its_leaf() {
    let (memory, head) = Memory::of(300);
    let mut reader = Reader::open(memory, head).expect("our own files");
    for index in [0, 1, 128, 255, 256, 299] {
        let leaf = Hash::leaf(&entry(index));
        let proof = reader.prove(index).expect("an entry");
        inclusion::verify(leaf, index, &head, &proof).expect("a proof");
        for at in 0..proof.len() {
            for hash in flipped_hash(proof[at]) {
                let mut proof = proof.clone();
                proof[at] = hash;
                inclusion::verify(leaf, index, &head, &proof).expect_err("another proof");
            }
        }
        for root in flipped_hash(head.root) {
            inclusion::verify(leaf, index, &Head { root, ..head }, &proof).expect_err("root");
        }
        for leaf in flipped_hash(leaf) {
            inclusion::verify(leaf, index, &head, &proof).expect_err("another leaf");
        }
        for other in (0..330).filter(|&other| other != index) {
            inclusion::verify(leaf, other, &head, &proof).expect_err("another place");
        }
        let shorter = &proof[..proof.len() - 1];
        inclusion::verify(leaf, index, &head, shorter).expect_err("a proof cut short");
        let longer = [&proof[..], &[head.root]].concat();
        inclusion::verify(leaf, index, &head, &longer).expect_err("a longer proof");
        inclusion::verify(head.root, index, &head, &[]).expect_err("a root is no leaf");
    }
}

#[test]
fn in_a_consistency_proof_and_its_roots() {
    let (memory, new) = Memory::of(300);
    let mut reader = Reader::open(memory, new).expect("our own files");
    for size in [1, 2, 7, 128, 255, 256, 299] {
        let root = reader.root_at(size).expect("an earlier size");
        let old = Head { size, root };
        let proof = reader.prove_since(size).expect("an earlier size");
        consistency::verify(&old, &new, &proof).expect("a proof");
        for at in 0..proof.len() {
            for hash in flipped_hash(proof[at]) {
                let mut proof = proof.clone();
                proof[at] = hash;
                consistency::verify(&old, &new, &proof).expect_err("another proof");
            }
        }
        for root in flipped_hash(old.root) {
            consistency::verify(&Head { root, ..old }, &new, &proof).expect_err("old root");
        }
        for root in flipped_hash(new.root) {
            consistency::verify(&old, &Head { root, ..new }, &proof).expect_err("new root");
        }
        let shorter = &proof[..proof.len() - 1];
        consistency::verify(&old, &new, shorter).expect_err("a proof cut short");
        let longer = [&proof[..], &[new.root]].concat();
        consistency::verify(&old, &new, &longer).expect_err("a longer proof");
        consistency::verify(&new, &old, &proof).expect_err("backwards");
    }
    let nothing = Head {
        size: 0,
        root: Hash::empty(),
    };
    consistency::verify(&nothing, &new, &[]).expect("everything continues nothing");
    let root = new.root;
    consistency::verify(&Head { root, ..nothing }, &new, &[]).expect_err("not the empty root");
    consistency::verify(&nothing, &nothing, &[]).expect("the same");
    consistency::verify(&nothing, &Head { root, size: 0 }, &[]).expect_err("not the empty root");
    consistency::verify(&Head { root, size: 300 }, &new, &[]).expect("the same");
    let other = Head {
        root: Hash::empty(),
        ..new
    };
    consistency::verify(&other, &new, &[]).expect_err("two roots for one size");
}

#[test]
fn a_proof_has_the_length_that_its_place_and_the_size_demand() {
    let (left, right) = (Hash::leaf(b"left"), Hash::leaf(b"right"));
    let root = Hash::node(left, right);
    let head = |size| Head { size, root };
    inclusion::verify(left, 0, &head(2), &[right]).expect("a proof");
    inclusion::verify(right, 0, &head(1), &[left]).expect_err("a tree of one has no siblings");
    inclusion::verify(root, 1, &head(1), &[]).expect_err("behind the last leaf");
    let old = Head {
        size: 1,
        root: left,
    };
    consistency::verify(&old, &head(2), &[right]).expect("a proof");
    consistency::verify(&old, &head(3), &[right]).expect_err("too short for three");
    consistency::verify(&old, &head(5), &[right]).expect_err("too short for five");
}

/// Reads all there is to read.
fn audit(memory: &Memory, head: Head) -> Result<(), CannotRead<String>> {
    let mut reader = Reader::open(memory, head)?;
    for index in 0..head.size.div_ceil(256) {
        reader.bundle(index)?;
    }
    reader.edge().map(drop)
}

#[test]
fn in_a_tile_or_a_bundle() {
    // 70,000 entries need tiles on three levels.
    let (memory, head) = Memory::of(70_000);
    audit(&memory, head).expect("our own files");
    for path in [
        "tile/0/000",
        "tile/0/255",
        "tile/0/256",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/000",
        "tile/entries/273.p/112",
    ] {
        let octets = &memory.files[path];
        let bits = octets.len() * 8;
        for forged in flipped(octets).step_by(bits / 16 - 1) {
            let mut forgery = memory.clone();
            forgery.files.insert(path.to_owned(), forged);
            let refused = audit(&forgery, head).expect_err(path);
            let named = format!("{refused}");
            assert!(
                matches!(refused, CannotRead::Forged(_) | CannotRead::ForgedEdge(_)),
                "{named}"
            );
        }
        for length in [
            0,
            1,
            32,
            octets.len() - 32,
            octets.len() - 1,
            octets.len() + 32,
        ] {
            let mut forgery = memory.clone();
            let mut octets = octets.clone();
            octets.resize(length, 0);
            if octets == memory.files[path] {
                continue;
            }
            forgery.files.insert(path.to_owned(), octets);
            audit(&forgery, head).expect_err(path);
        }
        let mut forgery = memory.clone();
        forgery.files.remove(path);
        assert!(
            matches!(audit(&forgery, head), Err(CannotRead::Missing { .. })),
            "{path}"
        );
    }
    for root in flipped_hash(head.root) {
        let refused = audit(&memory, Head { root, ..head }).expect_err("another root");
        assert!(matches!(refused, CannotRead::ForgedEdge(70_000)));
    }
}

#[test]
fn in_every_bit_of_a_small_log() {
    let (memory, head) = Memory::of(3);
    audit(&memory, head).expect("our own files");
    for (path, octets) in &memory.files {
        for forged in flipped(octets) {
            let mut forgery = memory.clone();
            forgery.files.insert(path.clone(), forged);
            audit(&forgery, head).expect_err(path);
        }
    }
}

#[test]
fn a_tile_that_fits_its_entry_but_not_the_root_proves_nothing() {
    // What one reader fell for: the forged leaf is in the forged tile, and the tile above is not
    // looked at.
    let (mut memory, head) = Memory::of(70_000);
    let forged = b"entry of a forger".to_vec();
    let tile = memory.files.get_mut("tile/0/000").expect("a tile");
    tile[..32].copy_from_slice(Hash::leaf(&forged).as_octets());
    let mut reader = Reader::open(&memory, head).expect("the edge is as it was");
    assert!(matches!(reader.prove(0), Err(CannotRead::Forged(_))));
    assert!(matches!(reader.prove(1), Err(CannotRead::Forged(_))));
    assert!(matches!(reader.bundle(0), Err(CannotRead::Forged(_))));
    reader.prove(256).expect("other tiles are as they were");
}
