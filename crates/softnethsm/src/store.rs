//! The store: sealed values by path, on disk before anybody hears of them.

use std::fmt::Display;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable,
    StorageError, Table, TableDefinition,
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
    writes: AtomicU64,
}

/// All values at one moment.
pub(crate) struct Snapshot(ReadOnlyTable<&'static str, &'static [u8]>);

impl Snapshot {
    /// Shows every value, sorted by the octets of the paths.
    pub(crate) fn each<E: From<StoreError>>(
        &self,
        mut look: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        guarded(|| {
            for entry in self.0.iter().map_err(failed)? {
                let (path, value) = entry.map_err(failed)?;
                look(path.value(), value.value())?;
            }
            Ok(())
        })?
    }
}

/// Changes under way, of which all or none are made: see [`Store::edit`].
pub(crate) struct Edit<'a, 'b> {
    table: &'a mut Table<'b, &'static str, &'static [u8]>,
    writes: u64,
}

impl Edit<'_, '_> {
    /// Makes one change.
    pub(crate) fn make(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Put(path, value) => self.put(path, value),
            Change::Delete(path) => {
                self.writes += 1;
                self.table.remove(path.as_str()).map_err(failed)?;
                Ok(())
            }
        }
    }

    /// Writes a sealed value.
    pub(crate) fn put(&mut self, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.writes += 1;
        self.table.insert(path, value).map_err(failed)?;
        Ok(())
    }

    /// Deletes all values whose paths start with `prefix`.
    pub(crate) fn delete_all(&mut self, prefix: &str) -> Result<(), StoreError> {
        self.table
            .retain_in(prefix.., |path, _| !path.starts_with(prefix))
            .map_err(failed)
    }
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
        let store = Self {
            database,
            writes: AtomicU64::new(0),
        };
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

    /// All values as they are now, whatever is written later.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        guarded(|| self.table().map(Snapshot))?
    }

    /// How many values were written or deleted since the store was opened.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
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
        self.edit(|edit| changes.iter().try_for_each(|change| edit.make(change)))
    }

    /// Makes all changes that `work` makes and returns when they are on disk; if it fails, or the
    /// process dies before, none of them.
    pub(crate) fn edit<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Edit<'_, '_>) -> Result<T, E>,
    ) -> Result<T, E> {
        guarded(|| {
            let mut transaction = self.database.begin_write().map_err(failed)?;
            transaction
                .set_durability(Durability::Immediate)
                .map_err(failed)?;
            let (done, writes) = {
                let mut table = transaction.open_table(VALUES).map_err(failed)?;
                let mut edit = Edit {
                    table: &mut table,
                    writes: 0,
                };
                let done = work(&mut edit)?;
                (done, edit.writes)
            };
            transaction.commit().map_err(failed)?;
            self.writes.fetch_add(writes, Ordering::Relaxed);
            Ok(done)
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
