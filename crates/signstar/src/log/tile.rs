//! The files of a log that never change (C2SP `tlog-tiles`).

use std::fmt;

use super::{Hash, Node};

/// The most hashes in a tile and entries in a bundle.
pub const WIDTH: u16 = 256;
/// The height of the subtree over a full tile: 2^8 is [`WIDTH`].
pub(super) const HEIGHT: u32 = 8;
/// Tiles of hashes have levels from 0 to this: 2^(8*8) is more than any size.
const MAX_LEVEL: u32 = 7;

/// What a tile holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Hashes, 32 octets each: of leaves on level 0, of full tiles of the level below otherwise.
    Hashes {
        /// 0 to 7.
        level: u32,
    },
    /// Entries, each behind its length in two octets, big-endian: a bundle.
    Entries,
}

/// Which tile, and how much of it there is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tile {
    kind: Kind,
    index: u64,
    width: u16,
}

impl Tile {
    /// Tile number `index` of `kind` as it is in a log of `size` entries.
    ///
    /// Nothing if a log of that size has none.
    pub fn in_log(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let total = size.checked_shr(HEIGHT.checked_mul(kind.level())?)?;
        let start = index.checked_mul(WIDTH.into())?;
        let rest = total.checked_sub(start).filter(|&rest| rest > 0)?;
        let width = u16::try_from(rest).unwrap_or(WIDTH).min(WIDTH);
        Some(Self { kind, index, width })
    }

    /// Tile number `index` of `kind`, complete.
    pub(super) fn complete(kind: Kind, index: u64) -> Self {
        Self {
            kind,
            index,
            width: WIDTH,
        }
    }

    /// The partial tiles of a log of `size` entries: what follows from them is its root and all
    /// that is needed to append to it. From level 0 up, then the bundle.
    pub fn partial(size: u64) -> impl Iterator<Item = Self> {
        let kinds = (0..=MAX_LEVEL).map(|level| Kind::Hashes { level });
        kinds.chain([Kind::Entries]).filter_map(move |kind| {
            let full = size >> (HEIGHT * kind.level()) >> HEIGHT;
            Self::in_log(kind, full, size)
        })
    }

    /// The tile that `path` names, as [`Tile::path`] writes it.
    pub fn from_path(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes {
                level: level.parse().ok()?,
            },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let digits: String = index
            .split('/')
            .map(|part| part.trim_start_matches('x'))
            .collect();
        let index = digits.parse().ok()?;
        let tile = Self { kind, index, width };
        let exists = kind.level() <= MAX_LEVEL && (1..=WIDTH).contains(&width);
        (exists && tile.path() == path).then_some(tile)
    }

    /// The path below the folder or address of the log: `tile/0/x001/234.p/5`.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which one of its kind, from 0 at the left.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether more will follow.
    pub fn is_partial(&self) -> bool {
        self.width < WIDTH
    }

    /// The same once nothing more will follow.
    pub fn full(self) -> Self {
        Self {
            width: WIDTH,
            ..self
        }
    }
}

impl Kind {
    fn level(self) -> u32 {
        match self {
            Self::Hashes { level } => level,
            Self::Entries => 0,
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes { level } => write!(f, "tile/{level}")?,
            Kind::Entries => f.write_str("tile/entries")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            let more = if groups.is_empty() { "" } else { "x" };
            write!(f, "/{more}{group:03}")?;
        }
        if self.is_partial() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// The hashes of one tile and of the complete subtrees over them, layer by layer.
#[derive(Clone, Debug)]
pub(super) struct Subtrees {
    layers: Vec<Vec<Hash>>,
}

impl Subtrees {
    pub(super) fn over(hashes: Vec<Hash>) -> Self {
        let mut layers = vec![hashes];
        while let Some(layer) = layers.last().filter(|layer| layer.len() > 1) {
            let complete = layer.len() & !1;
            let above = Hash::above(layer.split_at(complete).0);
            layers.push(above);
        }
        Self { layers }
    }

    /// The hashes of the tile itself.
    pub(super) fn hashes(&self) -> &[Hash] {
        self.layers.first().map_or(&[], Vec::as_slice)
    }

    /// The root over a full tile.
    pub(super) fn root(&self) -> Option<Hash> {
        let [root] = self.layers.get(8)?.as_slice() else {
            return None;
        };
        Some(*root)
    }

    /// The hash of a node of which [`home`] says that it is in this tile.
    pub(super) fn node(&self, node: Node) -> Option<Hash> {
        let layer = node.level % HEIGHT;
        let slot = node.index & (u64::from(WIDTH - 1) >> layer);
        let layer = self.layers.get(usize::try_from(layer).ok()?)?;
        layer.get(usize::try_from(slot).ok()?).copied()
    }
}

/// The level and number of the tile that `node` is in or follows from.
pub(super) fn home(node: Node) -> (u32, u64) {
    (
        node.level / HEIGHT,
        node.index >> (HEIGHT - node.level % HEIGHT),
    )
}

/// The hashes that the octets of a tile are.
pub(super) fn hashes(octets: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = octets.as_chunks::<{ Hash::OCTETS }>();
    let hashes = || hashes.iter().copied().map(Hash::from_octets).collect();
    rest.is_empty().then(hashes)
}
