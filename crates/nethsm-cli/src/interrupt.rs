//! Files that are not complete go when the command is interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

static PARTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static WATCH: Once = Once::new();

fn parts() -> MutexGuard<'static, Vec<PathBuf>> {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes this file, should the command be interrupted before [`kept`].
pub(crate) fn remove_if_interrupted(path: &Path) {
    WATCH.call_once(watch);
    parts().push(path.to_owned());
}

/// Calls `keep` while no interruption can come in between; the file is not removed after that.
pub(crate) fn kept<T>(path: &Path, keep: impl FnOnce() -> T) -> T {
    let mut parts = parts();
    parts.retain(|part| part != path);
    keep()
}

fn watch() {
    // Without this, a part of a file may stay behind, under a name of its own.
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let parts = parts();
            for part in parts.iter() {
                let _ = fs::remove_file(part);
            }
            let _ = emulate_default_handler(signal);
        }
    });
}
