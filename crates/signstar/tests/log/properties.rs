//! What holds for any log, with the trees of `ct-merkle` as a partner.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use proptest::prelude::{Strategy, proptest};
use sha2::Sha256;
use signstar::log::{Edge, Hash, Head, Reader, consistency, inclusion};

use crate::memory::{Memory, entry};

type Partner = MemoryBackedTree<Sha256, Vec<u8>>;

fn partner(size: u64) -> Partner {
    let mut tree = Partner::new();
    for index in 0..size {
        tree.push(entry(index));
    }
    tree
}

fn octets(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_octets).copied().collect()
}

fn hashes(octets: &[u8]) -> Vec<Hash> {
    let (hashes, rest) = octets.as_chunks::<32>();
    assert!(rest.is_empty());
    hashes.iter().copied().map(Hash::from_octets).collect()
}

/// The head as the partner has it.
fn theirs(head: &Head) -> RootHash<Sha256> {
    RootHash::new((*head.root.as_octets()).into(), head.size)
}

/// The log in files, grown in steps as `sizes` has them.
fn grown(mut sizes: Vec<u64>) -> (Memory, Vec<Head>) {
    sizes.sort_unstable();
    let (mut memory, mut edge, mut heads) = (Memory::default(), Edge::new(), Vec::new());
    for size in sizes {
        let entries: Vec<Vec<u8>> = (edge.size()..size).map(entry).collect();
        let growth = edge.grow(&entries).expect("small entries");
        memory.write(&growth);
        heads.push(growth.head());
        edge = growth.into_edge();
    }
    (memory, heads)
}

fn sizes() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(0_u64..1500, 2..8)
}

proptest! {
    #[test]
    fn roots_and_proofs_are_those_of_the_partner(sizes in sizes(), pick in 0_u64..1500) {
        let (memory, heads) = grown(sizes);
        let head = heads[heads.len() - 1];
        let tree = partner(head.size);
        assert_eq!(tree.root().as_bytes().as_slice(), head.root.as_octets());
        let mut reader = Reader::open(&memory, head).expect("our own files");

        if head.size > 0 {
            let index = pick % head.size;
            let place = usize::try_from(index).expect("small");
            let own = reader.prove(index).expect("in the log");
            let partners = tree.prove_inclusion(place);
            assert_eq!(octets(&own), partners.as_bytes());
            theirs(&head)
                .verify_inclusion(&entry(index), index, &InclusionProof::try_from_bytes(octets(&own)).expect("hashes"))
                .expect("our proof convinces the partner");
            inclusion::verify(Hash::leaf(&entry(index)), index, &head, &hashes(partners.as_bytes()))
                .expect("and the other way round");
        }
        for old in heads.iter().filter(|old| old.size > 0) {
            let own = reader.prove_since(old.size).expect("in the log");
            let more = usize::try_from(head.size - old.size).expect("small");
            let partners = tree.prove_consistency(more);
            if more > 0 {
                assert_eq!(octets(&own), partners.as_bytes());
                theirs(&head)
                    .verify_consistency(&theirs(old), &ConsistencyProof::try_from_bytes(octets(&own)).expect("hashes"))
                    .expect("our proof convinces the partner");
            }
            consistency::verify(old, &head, &own).expect("a proof");
        }
    }

    #[test]
    fn every_head_on_the_way_can_be_read_again(sizes in sizes()) {
        let (memory, heads) = grown(sizes);
        for head in heads {
            let mut reader = Reader::open(&memory, head).expect("our own files");
            assert_eq!(reader.edge().expect("our own files").head(), head);
        }
    }

    #[test]
    fn random_hashes_prove_nothing(size in 1_u64..5000, index in 0_u64..5000, octets in proptest::collection::vec(proptest::array::uniform32(0_u8..), 0..16)) {
        let proof: Vec<Hash> = octets.into_iter().map(Hash::from_octets).collect();
        let head = Head { size, root: Hash::leaf(b"some root") };
        inclusion::verify(Hash::leaf(b"an entry"), index, &head, &proof).expect_err("no proof");
        let old = Head { size: index, root: Hash::leaf(b"another root") };
        consistency::verify(&old, &head, &proof).expect_err("no proof");
    }
}
