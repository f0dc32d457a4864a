//! Threads that wait for the disk, several at a time.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Sender, channel},
    thread,
};

use super::{OnPath, StorageError};

/// As many files and folders as a usual commit has.
const HANDS: usize = 8;

/// Threads that are kept: on a busy machine a new one waits longer for its turn than the disk
/// takes. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Hands(Vec<Sender<Task>>);

/// A file or folder to sync, and whom to tell.
#[derive(Debug)]
struct Task {
    file: File,
    path: PathBuf,
    done: Sender<Result<(), StorageError>>,
}

impl Hands {
    pub(crate) fn new() -> Self {
        let hand = |_| {
            let (tasks, queue) = channel::<Task>();
            thread::spawn(move || {
                for Task { file, path, done } in queue {
                    // Whoever asked is there until all is done.
                    let _ = done.send(sync(&file, &path));
                }
            });
            tasks
        };
        Self((0..HANDS).map(hand).collect())
    }

    /// Returns once all of `files` would survive a loss of power, or with a failure.
    pub(super) fn sync(&self, files: Vec<(File, PathBuf)>) -> Result<(), StorageError> {
        let mut files = files.into_iter();
        let Some((mine, path)) = files.next() else {
            return Ok(());
        };
        let (done, outcomes) = channel();
        let mut others = 0;
        for ((file, path), hand) in files.zip(self.0.iter().cycle()) {
            let done = done.clone();
            // If that thread is gone, so is the answer that is counted below.
            let _ = hand.send(Task { file, path, done });
            others += 1;
        }
        drop(done);
        let mut outcome = sync(&mine, &path);
        for other in outcomes {
            others -= 1;
            outcome = outcome.and(other);
        }
        if others > 0 {
            let gone = io::Error::other("a thread that syncs has ended");
            outcome = outcome.and(Err(gone).on("sync", &path));
        }
        outcome
    }
}

fn sync(file: &File, path: &Path) -> Result<(), StorageError> {
    file.sync_all().on("sync", path)
}
