//! A page to read a log with, published beside its files.

use std::path::PathBuf;

use serde::Serialize;
use signstar::log::{Algorithm, NotACheckpoint, SignedCheckpoint, VerifierKey};

use crate::{
    Folder, StorageError,
    durable::{self, Readers},
};

/// The files of the page with these names, from `web/` of this crate.
macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../web/", $name)))),*]
    };
}

/// What the page consists of. `index.html` is the last: whoever sees it finds the rest.
const FILES: &[(&str, &[u8])] = files![
    "page/armor.js"
    "page/checkpoint.js"
    "page/detail.js"
    "page/dom.js"
    "page/drawing.js"
    "page/ed25519.js"
    "page/entry.js"
    "page/find.js"
    "page/hasher.js"
    "page/icon.svg"
    "page/list.js"
    "page/log.js"
    "page/main.js"
    "page/memory.js"
    "page/note.js"
    "page/octets.js"
    "page/problem.js"
    "page/proof.js"
    "page/reader.js"
    "page/search.js"
    "page/sha512.js"
    "page/status.js"
    "page/style.css"
    "page/tile.js"
    "page/tree.js"
    "page/words.js"
    "index.html"
];

/// Whose log it is and what it is called, for the page.
#[derive(Debug, Serialize)]
struct Config<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    vkey: String,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum NoPage {
    /// The folder cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The title has no spelling in JSON.
    #[error("the title cannot be written: {0}")]
    Title(#[from] serde_json::Error),
    /// The key is one of a witness.
    #[error("{0} is not the key of a log")]
    NotOfALog(String),
    /// The log in the folder has another key: visitors would be shown nothing.
    #[error("the log in {path} is not that of the key: {source}", path = .folder.display())]
    OtherLog {
        /// Where the log is.
        folder: PathBuf,
        /// What does not fit.
        source: NotACheckpoint,
    },
}

/// Writes the page for the log in `folder` that signs with `key`: `index.html` and the folder
/// `page`, each file whole or not at all. Files of an earlier version are replaced.
///
/// The log may be empty or not there yet; one of another key is refused.
pub fn write_page(folder: &Folder, key: &VerifierKey, title: Option<&str>) -> Result<(), NoPage> {
    if key.algorithm() != Algorithm::Ed25519 {
        return Err(NoPage::NotOfALog(key.to_string()));
    }
    if let Some(checkpoint) = folder.checkpoint()? {
        SignedCheckpoint::open(&checkpoint, key).map_err(|source| NoPage::OtherLog {
            folder: folder.path().to_owned(),
            source,
        })?;
    }
    folder.create()?;
    let config = config(key, title)?;
    let path = |name: &str| folder.path().join(name);
    durable::write(&path("page/config.json"), &config, Readers::Everybody)?;
    let Some(((index, page), parts)) = FILES.split_last() else {
        return Ok(());
    };
    let parts: Vec<(PathBuf, &[u8])> = parts
        .iter()
        .map(|(name, octets)| (path(name), *octets))
        .collect();
    for (path, octets) in &parts {
        durable::write(path, octets, Readers::Everybody)?;
    }
    durable::write(&path(index), page, Readers::Everybody)?;
    Ok(())
}

fn config(key: &VerifierKey, title: Option<&str>) -> Result<Vec<u8>, NoPage> {
    let config = Config {
        title,
        vkey: key.to_string(),
    };
    let mut octets = serde_json::to_vec_pretty(&config)?;
    octets.push(b'\n');
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::FILES;

    #[test]
    fn every_file_of_the_page_is_written() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let parts = fs::read_dir(web.join("page")).expect("a folder");
        let mut there: BTreeSet<String> = parts
            .map(|part| part.expect("a name").file_name())
            .map(|name| format!("page/{}", name.to_string_lossy()))
            .collect();
        there.insert("index.html".to_owned());
        let written: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, written);
        assert_eq!(FILES.last().map(|(name, _)| *name), Some("index.html"));
    }
}
