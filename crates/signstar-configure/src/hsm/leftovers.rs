//! Files that a run left half written when it was killed.

use std::{collections::BTreeSet, fs, path::Path};

use super::{backups::Backups, entry::Entry};

/// What the names of files begin with while they are written.
pub(super) const PREFIX: &str = ".signstar-";
/// The same of files with secrets.
const SECRET: &str = ".credential-";

impl Entry<'_> {
    /// Removes them, for whoever holds the lock: nobody else writes in these folders under such
    /// names. One that cannot be removed does no harm.
    pub(super) fn clear_away(&self) {
        let backups = Backups::of(self.config, self.name);
        let passphrases = self.wanted.passphrases.values();
        let places = passphrases
            .map(|place| place.credential.path())
            .chain(self.wanted.certificates.values().map(|path| &**path))
            .chain([self.file.path()]);
        let folders: BTreeSet<&Path> = places
            .filter_map(Path::parent)
            .chain(backups.iter().map(Backups::folder))
            .collect();
        for entry in folders.into_iter().flat_map(fs::read_dir).flatten() {
            let Ok(entry) = entry else { continue };
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && (name.starts_with(PREFIX) || name.starts_with(SECRET)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
