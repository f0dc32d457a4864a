//! The store: sealed values by path, on disk before anybody hears of them.

use std::fmt::Display;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, StorageError,
    TableDefinition,
};

use crate::error::{Error, StoreError};

const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");

/// One change of a batch.
pub(crate) enum Change {
    /// Writes a sealed value, replacing what was there.
    Put(String, Vec<u8>),
    /// Deletes a value.
    Delete(String),
}

/// The database file of a data folder. It knows paths and sealed octets, and no keys.
///
/// Promise: when [`Store::commit`] returns, all changes of the batch are on disk, and if it fails
/// or the process dies, none of them is. One process at a time holds a store.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens `path`, or creates it. Fails if another process holds it or if it is damaged.
    ///
    /// `is_new` says that nothing was ever stored here.
    pub(crate) fn open(path: &Path, is_new: bool) -> Result<Self, Error> {
        let damaged = |reason: String| Error::Damaged {
            path: path.to_owned(),
            reason,
        };
        // A file that is gone or cut to nothing would be taken for a new one.
        if !is_new && !fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            return Err(damaged("it is missing or empty".into()));
        }
        let opened = guarded(|| Database::builder().set_cache_size(16 << 20).create(path));
        let database = match opened {
            Ok(Ok(database)) => database,
            Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => {
                return Err(Error::InUse(path.parent().unwrap_or(path).to_owned()));
            }
            Ok(Err(DatabaseError::Storage(StorageError::Io(source))))
                if source.kind() != std::io::ErrorKind::InvalidData
                    && source.kind() != std::io::ErrorKind::UnexpectedEof =>
            {
                return Err(Error::File {
                    action: "open",
                    path: path.to_owned(),
                    source,
                });
            }
            Ok(Err(other)) => return Err(damaged(other.to_string())),
            Err(error) => return Err(damaged(error.to_string())),
        };
        let store = Self { database };
        store.commit(&[])?;
        Ok(store)
    }

    /// The sealed value at `path`.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| {
            Ok(self
                .table()?
                .get(path)
                .map_err(failed)?
                .map(|value| value.value().to_vec()))
        })?
    }

    /// All paths that start with `prefix`, sorted by octets.
    pub(crate) fn paths(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        guarded(|| {
            let table = self.table()?;
            let mut found = Vec::new();
            for entry in table.range(prefix..).map_err(failed)? {
                let (path, _) = entry.map_err(failed)?;
                if !path.value().starts_with(prefix) {
                    break;
                }
                found.push(path.value().to_owned());
            }
            Ok(found)
        })?
    }

    fn table(&self) -> Result<ReadOnlyTable<&'static str, &'static [u8]>, StoreError> {
        self.database
            .begin_read()
            .map_err(failed)?
            .open_table(VALUES)
            .map_err(failed)
    }

    /// Makes all changes, or none, and returns when they are on disk.
    pub(crate) fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        guarded(|| {
            let mut transaction = self.database.begin_write().map_err(failed)?;
            transaction
                .set_durability(Durability::Immediate)
                .map_err(failed)?;
            {
                let mut table = transaction.open_table(VALUES).map_err(failed)?;
                for change in changes {
                    match change {
                        Change::Put(path, value) => {
                            table
                                .insert(path.as_str(), value.as_slice())
                                .map_err(failed)?;
                        }
                        Change::Delete(path) => {
                            table.remove(path.as_str()).map_err(failed)?;
                        }
                    }
                }
            }
            transaction.commit().map_err(failed)
        })?
    }
}

fn failed(error: impl Display) -> StoreError {
    StoreError::Database(error.to_string())
}

/// The database trusts pages whose checksums it has seen; a page changed behind its back may make
/// it panic. That is an error of the file, not of this program.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| StoreError::Database("the file is not what was written".into()))
}
