//! A log that is written at once and without a sync, and the memory that reading it takes.

use std::{error::Error, fs, io, path::Path};

use signstar::log::{Checkpoint, Edge, File, KeyName, SignedCheckpoint, VerifierKey};
use signstar_log::{CheckpointKey as _, FileKey};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Writes a log of `size` entries to the new folder `log`, and its key beside it.
pub(crate) fn build(log: &Path, size: u64, entry: fn(u64) -> Vec<u8>) -> Outcome<VerifierKey> {
    fs::create_dir_all(log)?;
    let origin = KeyName::new("signstar.example.org/built")?;
    let key = FileKey::generate(&log.with_extension("key"), &origin)?;
    let write = |file: &File| -> io::Result<()> {
        let path = log.join(file.tile.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &file.octets)
    };
    let mut edge = Edge::new();
    let mut outcome = Ok(());
    for number in 0..size {
        edge.append(&entry(number), |file| {
            if outcome.is_ok() {
                outcome = write(&file);
            }
        })?;
    }
    outcome?;
    edge.files().try_for_each(|file| write(&file))?;
    let checkpoint = Checkpoint::new(&origin, edge.head());
    let raw = key.sign(checkpoint.to_string().as_bytes())?;
    let signed = SignedCheckpoint::assemble(&checkpoint, key.verifier(), &raw)?;
    fs::write(log.join("checkpoint"), signed.note().to_string())?;
    Ok(key.verifier().clone())
}

/// Lets [`peak`] begin anew (proc(5), `clear_refs`). Where that is not allowed, it is too large.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process has had, in KiB.
pub(crate) fn peak() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(figure.ok_or("no VmHWM")?.trim().parse()?)
}
