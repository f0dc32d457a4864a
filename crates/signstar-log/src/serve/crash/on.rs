//! A crash between two steps of a commit, for tests that ask for one.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

/// Where to crash: `STEP@COUNT`, that is, when that step is done for this many times.
const VARIABLE: &str = "SIGNSTAR_LOG_CRASH";

/// Says that a step of the commit order is done; does not return if it was to be the last one.
///
/// Ends the process as a loss of power does: nothing is flushed, closed or told.
pub(super) fn after(step: u8) {
    static WANTED: OnceLock<Option<(u8, u64)>> = OnceLock::new();
    static DONE: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (step, count) = text.split_once('@')?;
        Some((step.parse().ok()?, count.parse().ok()?))
    });
    if let Some((last, count)) = wanted
        && *last == step
        && DONE.fetch_add(1, Ordering::Relaxed) + 1 == *count
    {
        // SIGKILL: what the kernel does to a process, not what a process does to itself.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::SIGKILL);
        std::process::abort();
    }
}
