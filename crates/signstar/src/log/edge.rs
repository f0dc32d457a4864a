//! The right edge of a log: all that is needed to append to it.

use super::{
    Hash, Head,
    bundle::{self, EntryTooLong},
    growth::{File, Growth},
    tile::{Kind, Tile, WIDTH},
    tree::MAX_SIZE,
};

/// The partial tiles and the partial bundle of a log: 8 KiB for each level, and up to 255 entries.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
    bundle: Vec<u8>,
}

/// Why an entry cannot be appended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CannotAppend {
    /// More than 65,535 octets.
    #[error(transparent)]
    TooLong(#[from] EntryTooLong),
    /// The log has [`MAX_SIZE`] entries.
    #[error("the log is full")]
    Full,
}

impl Edge {
    /// The edge of a log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an edge together from what was read and authenticated.
    pub(super) fn from_parts(size: u64, levels: Vec<Vec<Hash>>, bundle: Vec<u8>) -> Self {
        Self {
            size,
            levels,
            bundle,
        }
    }

    /// The number of entries in the log: the index that the next one gets.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The size and the root of the log. Costs up to 255 hashes for each level of tiles.
    pub fn head(&self) -> Head {
        let mut root: Option<Hash> = None;
        for level in &self.levels {
            // What is left over from below stands to the right of all of this level.
            let parts: Vec<Hash> = level.iter().copied().chain(root).collect();
            root = (!parts.is_empty()).then(|| Hash::root(&parts));
        }
        Head {
            size: self.size,
            root: root.unwrap_or_else(Hash::empty),
        }
    }

    /// Appends one entry. Gives each tile and bundle that is full with it to `done`, at once and
    /// only then; the bundle comes before the tile of its hashes and that before those above it.
    ///
    /// For going through a whole log. To write one, see [`Edge::grow`].
    pub fn append(&mut self, entry: &[u8], mut done: impl FnMut(File)) -> Result<(), CannotAppend> {
        if self.size >= MAX_SIZE {
            return Err(CannotAppend::Full);
        }
        let index = self.size / u64::from(WIDTH);
        bundle::push(&mut self.bundle, entry)?;
        self.size += 1;
        if self.size.is_multiple_of(WIDTH.into()) {
            let octets = std::mem::take(&mut self.bundle);
            let tile = Tile::complete(Kind::Entries, index);
            done(File { tile, octets });
        }
        let mut hash = Hash::leaf(entry);
        for (level, hashes) in (0..).zip(&mut self.levels) {
            hashes.push(hash);
            if hashes.len() < WIDTH.into() {
                return Ok(());
            }
            let full = std::mem::take(hashes);
            hash = Hash::root(&full);
            let index = (self.size >> (8 * (level + 1))) - 1;
            let tile = Tile::complete(Kind::Hashes { level }, index);
            let octets = File::octets_of(&full);
            done(File { tile, octets });
        }
        self.levels.push(vec![hash]);
        Ok(())
    }

    /// What a log becomes with `entries` at its end, and what has to be written for that.
    ///
    /// Nothing changes here: take [`Growth::into_edge`] once everything is durable.
    pub fn grow<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Growth, CannotAppend> {
        Growth::of(self, entries)
    }

    /// The partial tiles and the partial bundle as files.
    pub fn files(&self) -> impl Iterator<Item = File> {
        Tile::partial(self.size).map(|tile| {
            let octets = match tile.kind() {
                Kind::Entries => self.bundle.clone(),
                Kind::Hashes { level } => File::octets_of(self.level(level)),
            };
            File { tile, octets }
        })
    }

    /// The hashes of the partial tile on `level`: none where there is no such tile.
    pub(super) fn level(&self, level: u32) -> &[Hash] {
        let level = usize::try_from(level).ok();
        let hashes = level.and_then(|level| self.levels.get(level));
        hashes.map_or(&[], Vec::as_slice)
    }
}
