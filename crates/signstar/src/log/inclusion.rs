//! Proofs that a leaf is in a tree (RFC 6962 §2.1.1).

use super::{
    Hash, Hashes, Head,
    tree::{roots, split},
};

/// A proof that does not show what it is said to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the entry is not at this place in the tree")]
pub struct NotIncluded;

/// Proves that the leaf `index` is in the tree over the first `size` leaves of `hashes`: from the
/// sibling of the leaf to the child of the root.
///
/// Nothing if that tree has no such leaf.
pub fn prove<H: Hashes>(
    index: u64,
    size: u64,
    hashes: &mut H,
) -> Result<Option<Vec<Hash>>, H::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut siblings = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            siblings.push(middle..end);
            end = middle;
        } else {
            siblings.push(start..middle);
            start = middle;
        }
    }
    siblings.reverse();
    roots(siblings, hashes).map(Some)
}

/// Checks that `proof` shows `leaf` to be number `index` of the tree with `head`
/// (RFC 9162 §2.1.3.2).
pub fn verify(leaf: Hash, index: u64, head: &Head, proof: &[Hash]) -> Result<(), NotIncluded> {
    if index >= head.size {
        return Err(NotIncluded);
    }
    let (mut at, mut last) = (index, head.size - 1);
    let mut hash = leaf;
    for &sibling in proof {
        if last == 0 {
            return Err(NotIncluded);
        }
        if at & 1 == 1 || at == last {
            hash = Hash::node(sibling, hash);
            // A node without a sibling to its right is the same one some layers higher.
            let skipped = if at == 0 { 0 } else { at.trailing_zeros() };
            at >>= skipped;
            last >>= skipped;
        } else {
            hash = Hash::node(hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == head.root {
        Ok(())
    } else {
        Err(NotIncluded)
    }
}
