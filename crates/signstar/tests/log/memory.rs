//! A log in memory.

use std::collections::BTreeMap;

use signstar::log::{Edge, Growth, Head, Tile, Tiles};

/// The files of a log by their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    /// A log of `size` entries, with the files of that size alone.
    pub(crate) fn of(size: u64) -> (Self, Head) {
        let mut memory = Self::default();
        let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let growth = Edge::new().grow(&entries).expect("small entries");
        memory.write(&growth);
        (memory, growth.head())
    }

    pub(crate) fn write(&mut self, growth: &Growth) {
        for file in growth.files() {
            let before = self.files.insert(file.tile.path(), file.octets.clone());
            assert_eq!(before, None, "no file is written twice: {}", file.tile);
        }
    }
}

impl Tiles for Memory {
    type Error = String;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, String> {
        let file = self.files.get(&tile.path());
        let file = file.or_else(|| self.files.get(&tile.full().path()));
        file.cloned().ok_or_else(|| format!("no file {tile}"))
    }
}

/// Entry `index` as the vectors have it.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let tail = usize::try_from(index % 97).expect("small");
    format!("entry {index}\n{}", "x".repeat(tail)).into_bytes()
}
