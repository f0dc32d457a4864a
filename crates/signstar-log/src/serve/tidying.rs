//! Removes what is not needed any more, while nobody waits for it.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::crash;
use crate::folder::Folder;

/// So many commits may wait to be tidied up after; then the next one waits as well.
const WAITING: usize = 16;

/// A thread that removes the partial files of tiles that became full. When this is dropped, it has
/// done all that it was asked for, and has ended.
///
/// To remove a full set of them takes longer than a commit: requests that came with others of which
/// one made a tile full would wait for it.
#[derive(Debug)]
pub(super) struct Tidying {
    growths: Option<SyncSender<(u64, u64)>>,
    thread: Option<JoinHandle<()>>,
}

impl Tidying {
    /// A thread for the log in `folder`.
    pub(super) fn of(folder: Folder) -> Self {
        let (growths, queue) = sync_channel(WAITING);
        let thread = thread::spawn(move || {
            for (before, after) in queue {
                // Nothing depends on this; what stays is removed at the next start.
                let _ = folder.tidy(before, after);
                crash::after(7);
            }
        });
        Self {
            growths: Some(growths),
            thread: Some(thread),
        }
    }

    /// Has tidied up after a commit that took the log from `before` to `after` entries.
    pub(super) fn after(&self, before: u64, after: u64) {
        if let Some(growths) = &self.growths {
            // If the thread is gone, the next start does its work.
            let _ = growths.send((before, after));
        }
    }
}

impl Drop for Tidying {
    fn drop(&mut self) {
        self.growths = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there was already reported where it happened.
            let _ = thread.join();
        }
    }
}
