//! A log read from its files, of which none is believed.

use std::collections::BTreeMap;

use super::{
    Edge, Hash, Hashes, Head, Node, bundle, consistency, inclusion,
    tile::{self, Kind, Subtrees, Tile},
};

/// How many tiles a reader remembers: 4 MiB.
const REMEMBERED: usize = 256;

/// Where the files of a log are: a folder, an address.
///
/// An implementation returns the octets of the file `tile`. Where a partial one is gone, it
/// returns [`Tile::full`] in its place. It promises nothing about what is in them.
pub trait Tiles {
    /// Why a file cannot be read.
    type Error;

    /// The octets of one file.
    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

impl<T: Tiles> Tiles for &T {
    type Error = T::Error;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, T::Error> {
        T::tile(self, tile)
    }
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead<E> {
    /// The file cannot be had.
    #[error("cannot read {tile}")]
    Missing {
        /// Which one.
        tile: Tile,
        /// Why.
        #[source]
        source: E,
    },
    /// The file is damaged or forged: it does not belong to the tree with the known head.
    #[error("{0} is not part of the log: damaged or forged")]
    Forged(Tile),
    /// The partial tiles do not follow from the known head; one of them is damaged or forged, or
    /// they are those of another log.
    #[error("the partial tiles are not those of the log of {0} entries: damaged or forged")]
    ForgedEdge(u64),
    /// The log is not that long.
    #[error("the log has no entry or tree of this number")]
    OutOfRange,
}

/// A log with a known head.
///
/// Every tile is checked against that head before a hash in it is used, and every entry against
/// its tile: what comes out is in the log, whoever stores it.
#[derive(Debug)]
pub struct Reader<T> {
    tiles: T,
    head: Head,
    edge: BTreeMap<u32, Subtrees>,
    known: BTreeMap<(u32, u64), Subtrees>,
}

impl<T: Tiles> Reader<T> {
    /// Reads the log with `head`, which the caller has from a checkpoint that verifies.
    ///
    /// Reads the partial tiles, at most eight, and fails unless the root follows from them.
    pub fn open(tiles: T, head: Head) -> Result<Self, CannotRead<T::Error>> {
        let mut reader = Self {
            tiles,
            head,
            edge: BTreeMap::new(),
            known: BTreeMap::new(),
        };
        for tile in Tile::partial(head.size) {
            if let Kind::Hashes { level } = tile.kind() {
                let subtrees = Subtrees::over(reader.hashes(tile)?);
                reader.edge.insert(level, subtrees);
            }
        }
        let edge = Edge::from_parts(head.size, reader.levels(), Vec::new());
        if edge.head() == head {
            Ok(reader)
        } else {
            Err(CannotRead::ForgedEdge(head.size))
        }
    }

    /// What is known about the log.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The right edge, to append to. Reads the partial bundle as well.
    pub fn edge(&mut self) -> Result<Edge, CannotRead<T::Error>> {
        let mut octets = Vec::new();
        let full = self.head.size / u64::from(tile::WIDTH);
        if let Some(partial) = Tile::in_log(Kind::Entries, full, self.head.size) {
            for entry in self.bundle(partial.index())? {
                // What came out of a bundle fits into one.
                let _ = bundle::push(&mut octets, &entry);
            }
        }
        Ok(Edge::from_parts(self.head.size, self.levels(), octets))
    }

    /// The hashes of the partial tiles, none for a level that has no such tile.
    fn levels(&self) -> Vec<Vec<Hash>> {
        let top = self.edge.keys().next_back().copied();
        let hashes = |level: u32| self.edge.get(&level).map_or(&[][..], Subtrees::hashes);
        let levels = top.map_or(0..0, |top| 0..top + 1);
        levels.map(|level| hashes(level).to_vec()).collect()
    }

    /// The entries of bundle `index`: 256, in the last one 1 to 256.
    pub fn bundle(&mut self, index: u64) -> Result<Vec<Vec<u8>>, CannotRead<T::Error>> {
        let tile =
            Tile::in_log(Kind::Entries, index, self.head.size).ok_or(CannotRead::OutOfRange)?;
        let octets = self.fetch(tile)?;
        let forged = || CannotRead::Forged(tile);
        let entries = bundle::entries(&octets).map_err(|_| forged())?;
        let width = usize::from(tile.width());
        if entries.len() != width && entries.len() != usize::from(tile::WIDTH) {
            return Err(forged());
        }
        let entries = entries.get(..width).ok_or_else(forged)?;
        let leaves = self.subtrees(0, index)?.hashes();
        let hashes = entries.iter().map(|entry| Hash::leaf(entry));
        if !hashes.eq(leaves.iter().copied()) {
            return Err(forged());
        }
        Ok(entries.iter().map(|entry| entry.to_vec()).collect())
    }

    /// Entry number `index`.
    pub fn entry(&mut self, index: u64) -> Result<Vec<u8>, CannotRead<T::Error>> {
        let width = u64::from(tile::WIDTH);
        let slot = usize::try_from(index % width).map_err(|_| CannotRead::OutOfRange)?;
        let entries = self.bundle(index / width)?;
        entries.into_iter().nth(slot).ok_or(CannotRead::OutOfRange)
    }

    /// A proof that entry `index` is in the log, for [`inclusion::verify`].
    pub fn prove(&mut self, index: u64) -> Result<Vec<Hash>, CannotRead<T::Error>> {
        let size = self.head.size;
        inclusion::prove(index, size, self)?.ok_or(CannotRead::OutOfRange)
    }

    /// A proof that the log was the one with the first `old` entries, for
    /// [`consistency::verify`].
    pub fn prove_since(&mut self, old: u64) -> Result<Vec<Hash>, CannotRead<T::Error>> {
        let size = self.head.size;
        consistency::prove(old, size, self)?.ok_or(CannotRead::OutOfRange)
    }

    /// The root that the log had with its first `size` entries.
    pub fn root_at(&mut self, size: u64) -> Result<Hash, CannotRead<T::Error>> {
        if size > self.head.size {
            return Err(CannotRead::OutOfRange);
        }
        let hashes = self.read(&Node::cover(0..size))?;
        Ok(Hash::join(hashes.into_iter()))
    }

    fn fetch(&self, tile: Tile) -> Result<Vec<u8>, CannotRead<T::Error>> {
        let missing = |source| CannotRead::Missing { tile, source };
        self.tiles.tile(tile).map_err(missing)
    }

    /// The hashes that `tile` claims to hold.
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, CannotRead<T::Error>> {
        let octets = self.fetch(tile)?;
        let forged = || CannotRead::Forged(tile);
        let mut hashes = tile::hashes(&octets).ok_or_else(forged)?;
        let width = usize::from(tile.width());
        if hashes.len() != width && hashes.len() != usize::from(tile::WIDTH) {
            return Err(forged());
        }
        hashes.truncate(width);
        Ok(hashes)
    }

    /// Tile `index` of `level`, which is part of the tree.
    ///
    /// A partial tile is on the edge, which was checked against the root. The root over a full one
    /// stands in the tile above it, which is checked in the same manner first.
    fn subtrees(&mut self, level: u32, index: u64) -> Result<&Subtrees, CannotRead<T::Error>> {
        let tile = Tile::in_log(Kind::Hashes { level }, index, self.head.size)
            .ok_or(CannotRead::OutOfRange)?;
        if tile.is_partial() {
            return self.edge.get(&level).ok_or(CannotRead::OutOfRange);
        }
        if !self.known.contains_key(&(level, index)) {
            let subtrees = Subtrees::over(self.hashes(tile)?);
            let root = Node {
                level: (level + 1) * tile::HEIGHT,
                index,
            };
            let (above, number) = tile::home(root);
            let expected = self.subtrees(above, number)?.node(root);
            if expected.is_none() || subtrees.root() != expected {
                return Err(CannotRead::Forged(tile));
            }
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
            self.known.insert((level, index), subtrees);
        }
        self.known
            .get(&(level, index))
            .ok_or(CannotRead::OutOfRange)
    }
}

/// Hashes of nodes, each from a tile that was checked.
impl<T: Tiles> Hashes for Reader<T> {
    type Error = CannotRead<T::Error>;

    fn read(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        let hash = |&node: &Node| {
            let (level, index) = tile::home(node);
            let hash = self.subtrees(level, index)?.node(node);
            hash.ok_or(CannotRead::OutOfRange)
        };
        nodes.iter().map(hash).collect()
    }
}
