//! Every file that is in the folder of a log.

use std::{fs, path::Path};

use signstar::log::{Kind, Tile, Tiles as _, bundle};

use super::{Finding, Findings};
use crate::{
    Folder,
    durable::{OnPath as _, StorageError},
};

/// Checks that each partial file is the beginning of the tile as it is now, and names the files
/// that are none of a log of `size` entries.
///
/// The tiles as they are now were compared with the entries before.
pub(super) fn check(
    folder: &Path,
    size: u64,
    findings: &mut Findings,
    strays: &mut Findings,
) -> Result<(), StorageError> {
    let log = Folder::new(folder);
    let mut folders = vec!["tile".to_owned()];
    while let Some(below) = folders.pop() {
        let path = folder.join(&below);
        if !path.exists() {
            continue;
        }
        for file in fs::read_dir(&path).on("read", &path)? {
            let file = file.on("read", &path)?;
            let name = file.file_name().to_string_lossy().into_owned();
            let name = format!("{below}/{name}");
            if file.file_type().on("read", &path)?.is_dir() {
                folders.push(name);
                continue;
            }
            let Some(tile) = Tile::from_path(&name) else {
                strays.push(Finding::Stray(name));
                continue;
            };
            match Tile::in_log(tile.kind(), tile.index(), size) {
                Some(now) if now.width() >= tile.width() => {
                    // One that is gone by now has been tidied away by the writer.
                    if now != tile && !is_beginning(&log, tile, now) && folder.join(&name).exists()
                    {
                        findings.push(Finding::Tile(tile));
                    }
                }
                // Written, and not published yet or never.
                _ => strays.push(Finding::Stray(name)),
            }
        }
    }
    Ok(())
}

/// Whether the file of `tile` is as many hashes or entries of `now` as it has to be.
fn is_beginning(log: &Folder, tile: Tile, now: Tile) -> bool {
    let width = usize::from(tile.width());
    let (Ok(part), Ok(whole)) = (log.tile(tile), log.tile(now)) else {
        return false;
    };
    let complete = match tile.kind() {
        Kind::Hashes { .. } => part.len() == 32 * width,
        Kind::Entries => bundle::entries(&part).is_ok_and(|entries| entries.len() == width),
    };
    complete && whole.starts_with(&part)
}
