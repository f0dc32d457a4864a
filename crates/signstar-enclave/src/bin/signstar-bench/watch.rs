//! How much memory processes take.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use signstar_enclave::processes;

use crate::Failed;

/// How often is looked. A peak is kept by the kernel; only that of the last moment can be missed.
const EVERY: Duration = Duration::from_millis(10);

/// The most memory that the process `id` had so far (`VmHWM`), in MiB.
pub(crate) fn peak(id: u32) -> Option<f64> {
    figure(&format!("/proc/{id}/status"), "VmHWM:")
}

/// The memory that the process `id` has (`Rss`), and its share of it where several processes use
/// the same (`Pss`), in MiB.
pub(crate) fn now(id: u32) -> Option<(f64, f64)> {
    let path = format!("/proc/{id}/smaps_rollup");
    figure(&path, "Rss:").zip(figure(&path, "Pss:"))
}

fn figure(path: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// How a program ran.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ran {
    /// How long, in seconds.
    pub(crate) took: f64,
    /// The most memory that it had, in MiB.
    pub(crate) client: f64,
    /// The most memory that a session of `signstar-sign` had meanwhile, in MiB.
    pub(crate) session: f64,
}

/// Runs `command` silently to its end while its memory, and that of the sessions with the
/// configuration `config`, is watched. Fails if it does.
pub(crate) fn run(command: &mut Command, config: &Path) -> Result<Ran, Failed> {
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let id = child.id();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let (mut client, mut session) = (0.0_f64, 0.0_f64);
            let (mut known, mut turn) = (Vec::new(), 0);
            while !is_over.load(Ordering::Relaxed) {
                if turn % 10 == 0 {
                    known = processes("signstar-sign", config);
                }
                turn += 1;
                client = client.max(peak(id).unwrap_or_default());
                let peaks = known.iter().filter_map(|id| peak(*id));
                session = peaks.fold(session, f64::max);
                sleep(EVERY);
            }
            (client, session)
        });
        let status = child.wait();
        let took = begin.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        let (client, session) = watching.join().map_err(|_| "a panic")?;
        let status = status?;
        if !status.success() {
            return Err(format!("{}: {status}", command.get_program().display()).into());
        }
        Ok(Ran {
            took,
            client,
            session,
        })
    })
}
