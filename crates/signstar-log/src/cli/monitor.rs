//! `signstar-log monitor`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;
use signstar_log::{
    monitor::{self, Difference, Memory, Repository, Verdict, Watched},
    source::Source,
};

use super::{
    Failure, WRONG,
    output::{self, Output, say_json},
    say, status,
    trust::Trust,
};

/// The exit status when there are new entries and that is asked for.
const NEW: u8 = 10;

/// Checks that a log only grew since the last time, and tells what is new. For cron and timers.
///
/// The first run remembers what it finds. What could not be printed is told again the next time.
#[derive(Args, Debug)]
#[command(after_help = status::MONITOR)]
pub(crate) struct MonitorArguments {
    /// The folder or the address (https://) of the log.
    #[arg(value_name = "DIR|URL")]
    place: String,

    #[command(flatten)]
    trust: Trust,

    /// The file in which the last checkpoint is remembered. If the log contradicts it, both
    /// checkpoints are kept in FILE.evidence.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// A folder with signatures (*.sig), as in a package repository, to be compared with the log.
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,

    /// Exit with status 10 if there are new entries.
    #[arg(long)]
    exit_new: bool,

    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Serialize)]
struct Report<'a> {
    origin: &'a str,
    size: u64,
    root: String,
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a Difference>,
}

pub(crate) fn monitor(arguments: &MonitorArguments) -> Result<ExitCode, Failure> {
    let policy = arguments.trust.policy()?;
    let source = Source::new(&arguments.place)?;
    let memory = Memory::new(&arguments.state);
    // Before the checkpoint: what is signed in between is in the log first.
    let repository = arguments.repository.as_deref().map(Repository::read);
    let repository = repository.transpose()?;
    let watched = monitor::watch(&source, &policy, &memory)?;
    let Watched { now, state, .. } = &watched;
    let difference = match repository {
        Some(repository) if !state.is_wrong() => Some(repository.compare(&source, *now.head())?),
        _ => None,
    };
    let report = Report {
        origin: now.checkpoint().origin(),
        size: now.head().size,
        root: now.head().root.to_string(),
        verdict: state,
        evidence: state.is_wrong().then(|| memory.evidence()),
        repository: difference.as_ref(),
    };
    if state.is_wrong() {
        watched.remember(&memory)?;
    }
    match arguments.output {
        Output::Text => text(&report)?,
        Output::Json => say_json(&report)?,
    }
    watched.remember(&memory)?;
    let differs = difference.is_some_and(|difference| difference.not_in_log.count > 0);
    Ok(if state.is_wrong() || differs {
        ExitCode::from(WRONG)
    } else if arguments.exit_new && matches!(state, Verdict::Grown { .. }) {
        ExitCode::from(NEW)
    } else {
        ExitCode::SUCCESS
    })
}

fn text(report: &Report<'_>) -> Result<(), Failure> {
    let Report { origin, size, .. } = report;
    match report.verdict {
        Verdict::First => say(&format!("{origin}: {size} entries, remembered"))?,
        Verdict::Same => say(&format!("{origin}: {size} entries, nothing new"))?,
        Verdict::Grown { count, entries } => {
            say(&format!("{origin}: {size} entries, {count} new"))?;
            for row in entries {
                say(&output::line(row))?;
            }
        }
        Verdict::RolledBack { size: before } => say(&format!(
            "ROLLBACK: {origin} had {before} entries and now shows {size}"
        ))?,
        Verdict::Forked { size: before } => say(&format!(
            "FORK: {origin} signed two logs that differ within the first {before} entries"
        ))?,
    }
    if let Some(evidence) = &report.evidence {
        let evidence = evidence.display();
        say(&format!(
            "both signed checkpoints are kept in {evidence}; publish them"
        ))?;
    }
    let Some(difference) = report.repository else {
        return Ok(());
    };
    let (both, missing) = (difference.matching, difference.not_in_log.count);
    let without = difference.without_file.count;
    say(&format!(
        "repository: {both} signatures in the log, {missing} NOT in the log; \
         {without} entries without a file"
    ))?;
    for path in &difference.not_in_log.first {
        say(&format!("not in the log: {}", path.display()))?;
    }
    for row in &difference.without_file.first {
        say(&format!(
            "without a file: {}",
            output::line(row).trim_start()
        ))?;
    }
    Ok(())
}
