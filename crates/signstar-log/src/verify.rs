//! The whole log, recomputed from its entries.

mod bundles;
mod files;
mod findings;
mod tower;

use signstar::{
    log::{Policy, SignedCheckpoint},
    sign::Certificate,
};

pub use findings::{Finding, Findings};

use crate::source::{NoCheckpoint, Source, SourceError};
use bundles::Workers;
use tower::Tower;

/// What was found out about a log whose checkpoint verifies.
#[derive(Debug)]
pub struct Report {
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// How many entries there are of a version that this program does not know.
    pub later: u64,
    /// How many signatures in entries were verified.
    pub signatures: u64,
    /// How many entries are by a key that no certificate was given for.
    pub unknown: u64,
    /// What is wrong.
    pub findings: Findings,
    /// Files that are not or not yet part of the log. They do no harm.
    pub strays: Findings,
}

/// Reads every file of the log at `source` and recomputes all that follows from the entries:
/// every tile, and the root that the checkpoint states. With `certificates` the signatures in the
/// entries are verified as well. `progress` is told how many further
/// entries are done, of how many.
///
/// The memory that is needed does not depend on the size of the log. Fails only if the checkpoint
/// does not verify or a file cannot be read; all else is in the report.
pub fn verify(
    source: &Source,
    policy: &Policy,
    certificates: &[Certificate],
    progress: impl Fn(u64, u64),
) -> Result<Report, NoCheckpoint> {
    let checkpoint = source.checkpoint(policy)?;
    let head = *checkpoint.head();
    let mut report = Report {
        checkpoint,
        later: 0,
        signatures: 0,
        unknown: 0,
        findings: Findings::default(),
        strays: Findings::default(),
    };
    let mut tower = Tower::new(source, head.size);
    let workers = Workers::new(source, head.size, certificates, threads(source));
    workers.run(|bundle| -> Result<(), SourceError> {
        report.later += bundle.later;
        report.signatures += bundle.signatures;
        report.unknown += bundle.unknown;
        report.findings.merge(bundle.findings);
        progress(bundle.entries, head.size);
        tower.push(&bundle.hashes, &mut report.findings)
    })?;
    let root = tower.finish(&mut report.findings)?;
    if root != head.root && report.findings.is_empty() {
        report.findings.push(Finding::Root);
    }
    if let Some(folder) = source.folder() {
        files::check(folder, head.size, &mut report.findings, &mut report.strays)
            .map_err(SourceError::from)?;
    }
    Ok(report)
}

/// A disk is read by as many as compute; a network mostly waits.
///
/// Each reads a bundle at a time.
fn threads(source: &Source) -> usize {
    match source.folder() {
        Some(_) => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(6)),
        None => 16,
    }
}
