//! Records in the store, each sealed for its path.

use super::record::Record;
use crate::error::StoreError;
use crate::seal::SealKey;
use crate::store::{Change, Store};

pub(super) fn read<T: Record>(
    store: &Store,
    key: &SealKey,
    path: &str,
) -> Result<Option<T>, StoreError> {
    let Some(sealed) = store.get(path)? else {
        return Ok(None);
    };
    let damaged = || StoreError::Value {
        path: path.to_owned(),
    };
    let plain = key.open(path, &sealed).map_err(|_| damaged())?;
    T::from_bytes(&plain).map(Some).ok_or_else(damaged)
}

pub(super) fn sealed(
    key: &SealKey,
    path: String,
    value: &impl Record,
) -> Result<Change, StoreError> {
    let value = key.seal(&path, &value.to_bytes())?;
    Ok(Change::Put(path, value))
}

/// The names behind a prefix. Those that start with a dot are of other things.
pub(super) fn names_in<T: std::str::FromStr>(
    paths: Vec<String>,
    prefix: &str,
) -> Result<Vec<T>, StoreError> {
    let dotted = format!("{prefix}.");
    paths
        .into_iter()
        .filter(|path| !path.starts_with(&dotted))
        .map(|path| {
            let name = path.strip_prefix(prefix).and_then(|name| name.parse().ok());
            name.ok_or(StoreError::Value { path })
        })
        .collect()
}
