//! Merkle trees: their hashes, heads and complete subtrees (RFC 6962 §2.1).

use std::{fmt, ops::Range, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

/// The most leaves a tree may have: 2^63 - 1.
pub const MAX_SIZE: u64 = (1 << 63) - 1;

/// What stands before a leaf and before the two halves of a node, so that neither can be taken
/// for the other.
const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

/// A SHA-256 of a leaf or of a node. Written in base64 (44 characters).
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct Hash([u8; Self::OCTETS]);

/// Text that is not the canonical base64 of 32 octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a SHA-256 in base64")]
pub struct InvalidHash;

impl Hash {
    /// The octets of a hash.
    pub const OCTETS: usize = 32;

    /// Takes a hash as it is.
    pub const fn from_octets(octets: [u8; Self::OCTETS]) -> Self {
        Self(octets)
    }

    /// The octets of the hash.
    pub const fn as_octets(&self) -> &[u8; Self::OCTETS] {
        &self.0
    }

    /// The hash of the leaf that holds `entry`.
    pub fn leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update(LEAF)
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The hash of the node over `left` and `right`.
    pub fn node(left: Self, right: Self) -> Self {
        Self(
            Sha256::new()
                .chain_update(NODE)
                .chain_update(left.0)
                .chain_update(right.0)
                .finalize()
                .into(),
        )
    }

    /// The root of the tree without leaves.
    pub fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The root over the complete subtrees `parts`, each smaller than the one to its left.
    pub(super) fn join(parts: impl DoubleEndedIterator<Item = Self>) -> Self {
        parts
            .rev()
            .reduce(|right, left| Self::node(left, right))
            .unwrap_or_else(Self::empty)
    }

    /// The layer above `hashes`: nodes over each two; one that is left over stays as it is.
    pub(super) fn above(hashes: &[Self]) -> Vec<Self> {
        let pair = |pair: &[Self]| match pair {
            [left, right] => Some(Self::node(*left, *right)),
            [alone] => Some(*alone),
            _ => None,
        };
        hashes.chunks(2).filter_map(pair).collect()
    }

    /// The root of the tree whose leaves have `hashes`.
    pub fn root(hashes: &[Self]) -> Self {
        let mut layer = hashes.to_vec();
        while layer.len() > 1 {
            layer = Self::above(&layer);
        }
        layer.first().copied().unwrap_or_else(Self::empty)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let octets = BASE64_STANDARD.decode(text).map_err(|_| InvalidHash)?;
        octets.try_into().map(Self).map_err(|_| InvalidHash)
    }
}

/// How many leaves a tree has, and the hash over all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// The number of leaves, at most [`MAX_SIZE`].
    pub size: u64,
    /// The Merkle tree hash.
    pub root: Hash,
}

/// A complete subtree: the 2^`level` leaves from number `index` * 2^`level` on.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Node {
    /// The height: 0 for a leaf, at most 62.
    pub level: u32,
    /// Which of the subtrees of this height, from 0 at the left.
    pub index: u64,
}

impl Node {
    /// The complete subtrees that make up the leaves in `range`, from the left.
    ///
    /// `range` is one that occurs in a proof: it begins at a multiple of a power of two that is
    /// no less than its length.
    pub(super) fn cover(range: Range<u64>) -> Vec<Self> {
        let Range { mut start, end } = range;
        let mut nodes = Vec::new();
        while let Some(level) = end.saturating_sub(start).checked_ilog2() {
            let index = start >> level;
            nodes.push(Self { level, index });
            start += 1 << level;
        }
        nodes
    }
}

/// Where the hashes of a tree are.
///
/// An implementation promises one hash for each of `nodes`, in their order, and that these belong
/// to one tree. It is asked only for subtrees that are complete in that tree.
pub trait Hashes {
    /// Why there are none.
    type Error;

    /// The hashes of `nodes`.
    fn read(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error>;
}

/// The roots over the leaves in each of `ranges`.
pub(super) fn roots<H: Hashes>(
    ranges: Vec<Range<u64>>,
    hashes: &mut H,
) -> Result<Vec<Hash>, H::Error> {
    let covers: Vec<Vec<Node>> = ranges.into_iter().map(Node::cover).collect();
    let mut read = hashes.read(&covers.concat())?.into_iter();
    let join = |cover: &Vec<Node>| {
        let parts: Vec<Hash> = read.by_ref().take(cover.len()).collect();
        Hash::join(parts.into_iter())
    };
    Ok(covers.iter().map(join).collect())
}

/// Where a tree over `length` leaves is split: the largest power of two below it (2 or more).
pub(super) fn split(length: u64) -> u64 {
    1 << length.saturating_sub(1).max(1).ilog2()
}
