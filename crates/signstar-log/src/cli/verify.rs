//! `signstar-log verify`.

use std::{path::PathBuf, process::ExitCode, sync::OnceLock};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use signstar_log::{
    source::Source,
    verify::{self, Report},
};

use super::{
    Failure, WRONG,
    output::{Output, say_json},
    say, status,
    trust::{Trust, certificates},
};

/// Reads the whole log and recomputes everything: every tile from the entries, the root, the
/// signature of the checkpoint.
#[derive(Args, Debug)]
#[command(after_help = status::VERIFY)]
pub(crate) struct VerifyArguments {
    /// The folder or the address (https://) of the log.
    #[arg(value_name = "DIR|URL")]
    place: String,

    #[command(flatten)]
    trust: Trust,

    /// The OpenPGP certificate of a signing key: signatures in entries are verified with it. May
    /// be repeated.
    #[arg(long = "certificate", value_name = "CERT", num_args = 1..)]
    certificates: Vec<PathBuf>,

    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(crate) fn verify(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let policy = arguments.trust.policy()?;
    let certificates = certificates(&arguments.certificates)?;
    let source = Source::new(&arguments.place)?;
    // Not there unless standard error is a terminal.
    let bar = OnceLock::new();
    let report = verify::verify(&source, &policy, &certificates, |done, size| {
        bar.get_or_init(|| bar_of(size)).inc(done);
    });
    if let Some(bar) = bar.get() {
        bar.finish_and_clear();
    }
    let report = report?;
    match arguments.output {
        Output::Text => text(&report, certificates.is_empty())?,
        Output::Json => say_json(&json(&report))?,
    }
    Ok(if report.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(WRONG)
    })
}

fn bar_of(size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    let template = "{wide_bar} {human_pos}/{human_len} entries, {per_sec}, {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn text(report: &Report, unsigned: bool) -> Result<(), Failure> {
    let head = report.checkpoint.head();
    let origin = report.checkpoint.checkpoint().origin();
    say(&format!("log      {origin}"))?;
    say(&format!("entries  {}", head.size))?;
    say(&format!("root     {}", head.root))?;
    if report.later > 0 {
        let later = report.later;
        say(&format!(
            "later    {later} entries of a version this program does not know"
        ))?;
    }
    if !unsigned {
        let (good, unknown) = (report.signatures, report.unknown);
        say(&format!(
            "signed   {good} signatures verified, {unknown} by other keys"
        ))?;
    }
    for stray in &report.strays.kept {
        say(&format!("note     {stray}"))?;
    }
    for finding in &report.findings.kept {
        say(&format!("wrong    {finding}"))?;
    }
    let verdict = match report.findings.count {
        0 => "verified: every file follows from the entries".to_owned(),
        count => format!("NOT verified: {count} findings"),
    };
    say(&verdict)
}

fn json(report: &Report) -> serde_json::Value {
    let head = report.checkpoint.head();
    json!({
        "verified": report.findings.is_empty(),
        "origin": report.checkpoint.checkpoint().origin(),
        "size": head.size,
        "root": head.root.to_string(),
        "later": report.later,
        "signatures": report.signatures,
        "other-keys": report.unknown,
        "findings": report.findings,
        "strays": report.strays,
    })
}
