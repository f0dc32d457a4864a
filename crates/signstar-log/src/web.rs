//! A page to read a log with, published beside its files.

use std::path::{Path, PathBuf};

use serde::Serialize;
use signstar::log::{Algorithm, NotACheckpoint, SignedCheckpoint, VerifierKey};

use crate::{
    Folder, StorageError,
    durable::{self, Readers},
};

/// What the page consists of, as `web/` of this crate has it. `index.html` is the last: whoever
/// sees it finds the rest.
const FILES: [(&str, &[u8]); 25] = files![];

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
    let config = config(key, title);
    let path = |name: &str| folder.path().join(name);
    durable::write(&path("page/config.json"), &config, Readers::Everybody)?;
    let Some(((index, page), parts)) = FILES.split_last() else {
        return Ok(());
    };
    let parts: Vec<(PathBuf, &[u8])> = parts.iter().map(|(name, octets)| (path(name), *octets)).collect();
    durable::write_all(&parts, Readers::Everybody)?;
    durable::write(&path(index), page, Readers::Everybody)?;
    Ok(())
}
