//! A log with further entries: what to write, and proofs for what is new.

use std::collections::BTreeMap;

use super::{
    CannotAppend, Edge, Hash, Hashes, Head, Node, inclusion,
    tile::{self, Kind, Subtrees, Tile},
};

/// A file to write: its path is [`Tile::path`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Where it belongs.
    pub tile: Tile,
    /// All of its octets.
    pub octets: Vec<u8>,
}

impl File {
    pub(super) fn octets_of(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(Hash::as_octets).copied().collect()
    }
}

/// What a log becomes with further entries.
///
/// ```
/// use signstar::log::{Edge, inclusion, Hash};
///
/// let edge = Edge::new();
/// let mut growth = edge.grow(&["an entry", "another"])?;
/// let paths: Vec<String> = growth.files().iter().map(|file| file.tile.path()).collect();
/// assert_eq!(paths, ["tile/entries/000.p/2", "tile/0/000.p/2"]);
/// let head = growth.head();
/// let proof = growth.prove(1).expect("a new entry");
/// inclusion::verify(Hash::leaf(b"another"), 1, &head, &proof)?;
/// let edge = growth.into_edge();
/// assert_eq!(edge.size(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Growth {
    before: u64,
    head: Head,
    edge: Edge,
    files: Vec<File>,
    tiles: BTreeMap<(u32, u64), Subtrees>,
}

impl Growth {
    pub(super) fn of<E: AsRef<[u8]>>(before: &Edge, entries: &[E]) -> Result<Self, CannotAppend> {
        let mut edge = before.clone();
        let mut files = Vec::new();
        for entry in entries {
            edge.append(entry.as_ref(), |file| files.push(file))?;
        }
        let known: Vec<Tile> = Tile::partial(before.size()).collect();
        files.extend(edge.files().filter(|file| !known.contains(&file.tile)));
        // Entries come first, then hashes from below: what a file stands on is there before it.
        files.sort_by_key(|file| (file.tile.kind() != Kind::Entries, file.tile));
        Ok(Self {
            before: before.size(),
            head: edge.head(),
            edge,
            files,
            tiles: BTreeMap::new(),
        })
    }

    /// The index of the first new entry: the size of the log before.
    pub fn first_index(&self) -> u64 {
        self.before
    }

    /// The size and root that the log will have.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The files that are new, full and partial, in an order in which they may be published. None
    /// has to be replaced: a partial tile has its width in its path.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Proves that entry `index` is in the log with [`Growth::head`].
    ///
    /// Nothing unless it is one of the new entries. The first proof costs the hashes of its tiles,
    /// further ones next to nothing.
    pub fn prove(&mut self, index: u64) -> Option<Vec<Hash>> {
        if index < self.before {
            return None;
        }
        let size = self.head.size;
        inclusion::prove(index, size, &mut Recent(self))
            .ok()
            .flatten()
    }

    /// The edge to append to from now on.
    pub fn into_edge(self) -> Edge {
        self.edge
    }

    /// The tile on `level`, which is new or part of the edge.
    fn subtrees(&mut self, level: u32, index: u64) -> &Subtrees {
        let Self {
            edge, files, tiles, ..
        } = self;
        tiles.entry((level, index)).or_insert_with(|| {
            let is_it = |tile: &Tile| {
                tile.kind() == Kind::Hashes { level } && tile.index() == index && !tile.is_partial()
            };
            let full = files.iter().find(|file| is_it(&file.tile));
            let hashes = full.and_then(|file| tile::hashes(&file.octets));
            Subtrees::over(hashes.unwrap_or_else(|| edge.level(level).to_vec()))
        })
    }
}

/// The nodes beside the paths from new leaves to the root.
struct Recent<'a>(&'a mut Growth);

/// A node that is neither new nor on the edge: no proof of a new entry needs one.
struct Elsewhere;

impl Hashes for Recent<'_> {
    type Error = Elsewhere;

    fn read(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Elsewhere> {
        let hash = |&node: &Node| {
            let (level, index) = tile::home(node);
            self.0.subtrees(level, index).node(node).ok_or(Elsewhere)
        };
        nodes.iter().map(hash).collect()
    }
}
