//! The end of a harness that somebody stops.

use std::{
    fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{Error, Folder, error::OnPath, leftover::Leftover};

/// Whether a signal is ending this process.
static ENDING: AtomicBool = AtomicBool::new(false);
/// As long as it takes a program that is being started to be found.
const START: Duration = Duration::from_millis(100);

/// From now on, SIGHUP, SIGINT and SIGTERM end every program of the enclave in `folder` as well,
/// remove `scratch` with all that is in it, and end this process with 128 and the number of the
/// signal.
///
/// For programs that measure or break an enclave, which have no loop that a signal could end. Call
/// it before the enclave starts.
pub fn end_with_signals(folder: &Folder, scratch: Option<PathBuf>) -> Result<(), Error> {
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]);
    let mut signals = signals.on("wait for signals in", folder.path())?;
    let folder = folder.clone();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            ENDING.store(true, Ordering::SeqCst);
            // One that is starting is found the second time.
            for pause in [Duration::ZERO, START] {
                thread::sleep(pause);
                for leftover in Leftover::all(&folder) {
                    leftover.end();
                }
            }
            if let Some(scratch) = scratch {
                // What cannot be removed now is in a folder for such things.
                let _ = fs::remove_dir_all(scratch);
            }
            process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Stands still if a signal is ending this process, so that nothing more is started and the status is that
/// of the signal: what ends then looks as if it had failed.
pub fn leave_it_to_the_signal() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}
