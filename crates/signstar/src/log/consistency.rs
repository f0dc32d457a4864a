//! Proofs that a tree only grew (RFC 6962 §2.1.2).

use super::{
    Hash, Hashes, Head,
    tree::{roots, split},
};

/// A proof that does not show what it is said to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the tree is not a continuation of the older one")]
pub struct NotConsistent;

/// Proves that the tree over the first `old` leaves of `hashes` is the beginning of that over the
/// first `new` ones.
///
/// The proof is empty if `old` is 0 or `new`. There is none if `old` is more than `new`.
pub fn prove<H: Hashes>(old: u64, new: u64, hashes: &mut H) -> Result<Option<Vec<Hash>>, H::Error> {
    if old > new {
        return Ok(None);
    }
    if old == 0 || old == new {
        return Ok(Some(Vec::new()));
    }
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, new);
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            parts.push(middle..end);
            end = middle;
        } else {
            parts.push(start..middle);
            start = middle;
        }
    }
    // Whoever has the older root knows this one, if it is the whole older tree.
    if start > 0 {
        parts.push(start..end);
    }
    parts.reverse();
    roots(parts, hashes).map(Some)
}

/// Checks that `proof` shows the tree with the head `new` to begin with that of `old`
/// (RFC 9162 §2.1.4.2).
pub fn verify(old: &Head, new: &Head, proof: &[Hash]) -> Result<(), NotConsistent> {
    let shown = if old.size == 0 {
        proof.is_empty() && old.root == Hash::empty() && (new.size > 0 || new == old)
    } else if old.size >= new.size {
        proof.is_empty() && old == new
    } else {
        recompute(old, new.size, proof) == Some((old.root, new.root))
    };
    if shown { Ok(()) } else { Err(NotConsistent) }
}

/// The two roots that follow from `proof`, if it has the right length.
fn recompute(old: &Head, new_size: u64, proof: &[Hash]) -> Option<(Hash, Hash)> {
    let (first, rest) = if old.size.is_power_of_two() {
        (old.root, proof)
    } else {
        let (first, rest) = proof.split_first()?;
        (*first, rest)
    };
    let (mut at, mut last) = (old.size - 1, new_size - 1);
    let complete = at.trailing_ones();
    at >>= complete;
    last >>= complete;
    let (mut old_root, mut new_root) = (first, first);
    for &part in rest {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            old_root = Hash::node(part, old_root);
            new_root = Hash::node(part, new_root);
            let skipped = if at == 0 { 0 } else { at.trailing_zeros() };
            at >>= skipped;
            last >>= skipped;
        } else {
            new_root = Hash::node(new_root, part);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_root, new_root))
}
