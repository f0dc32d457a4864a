//! The public files of a log: a C2SP `tlog-tiles` tree that any web server can publish.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use signstar::log::{File, Kind, Tile, Tiles, VerifierKey, WIDTH};

use crate::durable::{self, Hands, OnPath, Readers, StorageError};

/// The name of the file that says how far the log goes. It is written last.
const CHECKPOINT: &str = "checkpoint";
/// The name of the file that says that a log is complete.
const FROZEN: &str = "frozen";
/// The longest checkpoint: as long as a note may be.
pub(crate) const MAX_CHECKPOINT: u64 = 1 << 18;
/// More entries than a commit ever has.
const LONGEST_COMMIT: u64 = 1 << 16;
/// The longest bundle: 256 entries of 65,535 octets, each behind its length.
const MAX_TILE: u64 = 256 * (65_535 + 2);

/// The folder of a log.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The log in the folder `path`. Nothing is read or created yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The octets of the checkpoint, if there is one. They prove nothing before they are verified.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, StorageError> {
        durable::read(&self.0.join(CHECKPOINT), MAX_CHECKPOINT)
    }

    /// The verifier key of the log that continues this one, if nothing is appended to it any more.
    pub fn frozen(&self) -> Result<Option<String>, StorageError> {
        let octets = durable::read(&self.0.join(FROZEN), MAX_CHECKPOINT)?;
        Ok(octets.map(|octets| String::from_utf8_lossy(&octets).trim().to_owned()))
    }

    /// Says, durably, that nothing is appended any more, and which log continues this one.
    pub(crate) fn freeze(&self, successor: &VerifierKey) -> Result<(), StorageError> {
        let line = format!("{successor}\n");
        durable::write(&self.0.join(FROZEN), line.as_bytes(), Readers::Everybody)
    }

    /// Whether there is any tile in it.
    pub(crate) fn has_tiles(&self) -> bool {
        self.0.join("tile").exists()
    }

    /// Creates the folder itself.
    pub(crate) fn create(&self) -> Result<(), StorageError> {
        durable::create_folder(&self.0, Readers::Everybody)
    }

    /// Writes tiles and bundles, durably. No checkpoint may cover them yet.
    pub(crate) fn write(&self, files: &[File], hands: &Hands) -> Result<(), StorageError> {
        let path = |file: &File| self.0.join(file.tile.path());
        let files: Vec<(PathBuf, &[u8])> = files
            .iter()
            .map(|file| (path(file), &*file.octets))
            .collect();
        durable::write_ahead(&files, Readers::Everybody, hands)
    }

    /// Writes the checkpoint, durably: from now on the log is that long.
    pub(crate) fn publish(&self, checkpoint: &str) -> Result<(), StorageError> {
        let path = self.0.join(CHECKPOINT);
        durable::write(&path, checkpoint.as_bytes(), Readers::Everybody)
    }

    /// Takes the folder for one writer, until what is returned is dropped. Nothing if another
    /// process has it, whatever that calls its private folder.
    pub(crate) fn lock(&self) -> Result<Option<fs::File>, StorageError> {
        let folder = fs::File::open(&self.0).on("open", &self.0)?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(folder)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(source).on("lock", &self.0),
        }
    }

    /// Removes the partial files of tiles that are complete in a log that grew from `before` to
    /// `after` entries. Who still asks for one is told to take the complete one.
    ///
    /// Nothing depends on it, so failures are returned for the journal only.
    pub(crate) fn tidy(&self, before: u64, after: u64) -> Result<(), StorageError> {
        let levels = (0..8).map(|level| (level, Kind::Hashes { level }));
        for (level, kind) in levels.chain([(0, Kind::Entries)]) {
            let first = before >> (8 * level) >> 8;
            let grown = (first..).map_while(|index| Tile::in_log(kind, index, after));
            for tile in grown.take_while(|tile| !tile.is_partial()) {
                self.remove_partial(tile)?;
            }
        }
        Ok(())
    }

    /// The same for what the last commit before a crash may have left in a log of `size` entries.
    pub(crate) fn tidy_edge(&self, size: u64) -> Result<(), StorageError> {
        self.tidy(size.saturating_sub(LONGEST_COMMIT), size)
    }

    fn remove_partial(&self, tile: Tile) -> Result<(), StorageError> {
        let mut name = self.0.join(tile.full().path()).into_os_string();
        name.push(".p");
        let path = PathBuf::from(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.on("remove", &path),
        }
    }
}

/// The most octets that the file of `tile` may have.
pub(crate) fn limit(tile: Tile) -> u64 {
    match tile.kind() {
        Kind::Entries => MAX_TILE,
        Kind::Hashes { .. } => 32 * u64::from(WIDTH),
    }
}

impl Tiles for Folder {
    type Error = StorageError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, StorageError> {
        let mut octets = Vec::new();
        self.tile_into(tile, limit(tile), &mut octets)?;
        Ok(octets)
    }
}

impl Folder {
    /// Reads the file of `tile`, which may have at most `limit` octets, in place of what was in
    /// `octets`.
    pub(crate) fn tile_into(
        &self,
        tile: Tile,
        limit: u64,
        octets: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        let path = self.0.join(tile.path());
        if durable::read_into(&path, limit, octets)? {
            return Ok(());
        }
        let full = self.0.join(tile.full().path());
        if durable::read_into(&full, limit, octets)? {
            return Ok(());
        }
        Err(io::Error::from(io::ErrorKind::NotFound)).on("read", &path)
    }
}
