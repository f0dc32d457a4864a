//! The tiles above the leaves, as they follow from these.

use signstar::log::{Hash, Kind, Tile, WIDTH};

use super::{Finding, Findings};
use crate::source::{Source, SourceError};

/// For each level from 0 the hashes that have no full tile yet: 8 KiB each.
pub(super) struct Tower<'a> {
    source: &'a Source,
    size: u64,
    levels: Vec<Vec<Hash>>,
    done: Vec<u64>,
}

impl<'a> Tower<'a> {
    pub(super) fn new(source: &'a Source, size: u64) -> Self {
        Self {
            source,
            size,
            levels: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Takes the hashes of the next bundle, and checks each tile that is full with them.
    pub(super) fn push(
        &mut self,
        leaves: &[Hash],
        findings: &mut Findings,
    ) -> Result<(), SourceError> {
        if leaves.len() < usize::from(WIDTH) {
            // Only the last bundle is not full. Its tile was compared with it.
            self.level(0).extend_from_slice(leaves);
            return Ok(());
        }
        self.level(0);
        let mut hash = Hash::root(leaves);
        let mut at = 1;
        loop {
            let hashes = self.level(at);
            hashes.push(hash);
            if hashes.len() < usize::from(WIDTH) {
                return Ok(());
            }
            let full = std::mem::take(hashes);
            self.compare(at, &full, findings)?;
            hash = Hash::root(&full);
            at += 1;
        }
    }

    /// Checks the partial tiles, and returns the root.
    pub(super) fn finish(mut self, findings: &mut Findings) -> Result<Hash, SourceError> {
        let mut root: Option<Hash> = None;
        for (at, level) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if at > 0 && !level.is_empty() {
                self.compare(at, &level, findings)?;
            }
            // What is left over from below stands to the right of all of this level.
            let parts: Vec<Hash> = level.into_iter().chain(root).collect();
            root = (!parts.is_empty()).then(|| Hash::root(&parts));
        }
        Ok(root.unwrap_or_else(Hash::empty))
    }

    fn level(&mut self, at: usize) -> &mut Vec<Hash> {
        while self.levels.len() <= at {
            self.levels.push(Vec::new());
            self.done.push(0);
        }
        // The loop has made it.
        let last = self.levels.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the loop above has made it")]
        &mut self.levels[at.min(last)]
    }

    /// Compares the next tile on the level `at` with the file.
    fn compare(
        &mut self,
        at: usize,
        hashes: &[Hash],
        findings: &mut Findings,
    ) -> Result<(), SourceError> {
        let (Ok(level), Some(index)) = (u32::try_from(at), self.done.get_mut(at)) else {
            return Ok(());
        };
        let tile = Tile::in_log(Kind::Hashes { level }, *index, self.size);
        *index += 1;
        let Some(tile) = tile else {
            return Ok(());
        };
        if let Some(stored) = findings.read(self.source, tile)?
            && !is_tile(&stored, tile, hashes)
        {
            findings.push(Finding::Tile(tile));
        }
        Ok(())
    }
}

/// Whether the octets `stored` are those of `tile` with these `hashes`. Where a partial tile is
/// gone, the full one stands for it.
pub(super) fn is_tile(stored: &[u8], tile: Tile, hashes: &[Hash]) -> bool {
    let (found, rest) = stored.as_chunks::<{ Hash::OCTETS }>();
    let full = found.len() == usize::from(WIDTH);
    let width = usize::from(tile.width());
    rest.is_empty()
        && (full || found.len() == width)
        && found
            .iter()
            .take(width)
            .eq(hashes.iter().map(Hash::as_octets))
}
