//! Which request is on record where, so that a retry is answered and not signed again.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest as _, Sha256};
use signstar::log::{CannotRead, Entry, Reader, RequestId, WIDTH};

use crate::{durable::StorageError, folder::Folder};

/// How many of the newest entries a retry is looked for in.
pub(super) const REMEMBERED: usize = 65_536;

/// The requests with an id among the newest entries.
#[derive(Debug, Default)]
pub(super) struct Ids {
    places: HashMap<[u8; 16], u64>,
    order: VecDeque<[u8; 16]>,
}

impl Ids {
    /// Reads the newest entries of a log.
    pub(super) fn read(reader: &mut Reader<Folder>) -> Result<Self, CannotRead<StorageError>> {
        let mut ids = Self::default();
        let size = reader.head().size;
        let width = u64::from(WIDTH);
        let remembered = u64::try_from(REMEMBERED).unwrap_or(u64::MAX);
        let first = size.saturating_sub(remembered) / width;
        for bundle in first..size.div_ceil(width) {
            for (index, entry) in (bundle * width..).zip(reader.bundle(bundle)?) {
                // One from a later version has no id that is understood.
                if let Ok(entry) = Entry::parse(&entry) {
                    ids.insert(&entry, index);
                }
            }
        }
        Ok(ids)
    }

    /// Remembers that `entry` has the index `index`.
    pub(super) fn insert(&mut self, entry: &Entry, index: u64) {
        let Some(id) = entry.request_id() else {
            return;
        };
        let key = key(entry.client(), id);
        if self.places.insert(key, index).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
    }

    /// Where the request of `entry` is on record already.
    pub(super) fn of(&self, entry: &Entry) -> Option<u64> {
        let id = entry.request_id()?;
        self.places.get(&key(entry.client(), id)).copied()
    }

    /// Where the request `id` of `client` is on record.
    pub(super) fn find(&self, client: &str, id: &RequestId) -> Option<u64> {
        self.places.get(&key(client, id.as_str())).copied()
    }
}

/// Short, and nobody finds two requests with the same.
fn key(client: &str, id: &str) -> [u8; 16] {
    let hash = Sha256::new()
        .chain_update(client)
        .chain_update([0])
        .chain_update(id)
        .finalize();
    let (key, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
    *key
}
