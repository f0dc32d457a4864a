//! The program `signstar-bench`: how fast an enclave is, beside what else is there, in one run.

mod abuse;
mod connection;
mod conversation;
mod document;
mod doors;
mod files;
mod hashing;
mod idle;
mod machine;
mod peers;
mod programs;
mod questions;
mod rates;
mod report;
mod row;
mod samples;
mod scale;
mod single;
mod stage;
mod watch;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use signstar_enclave::leave_it_to_the_signal;

use crate::{machine::Machine, report::Report, scale::Scale, stage::Stage};

/// Anything that ends a run early. A figure never does.
type Failed = Box<dyn Error + Send + Sync>;

/// What measures: it adds rows to the report.
type Measure = fn(&Stage, &Scale, &mut Report) -> Result<(), Failed>;

/// Everything that is measured, in this order.
const MEASURES: [(&str, Measure); 8] = [
    ("programs", programs::measure),
    ("connection", connection::measure),
    ("single", single::measure),
    ("rates", rates::measure),
    ("files", files::measure),
    ("hashing", hashing::measure),
    ("idle", idle::measure),
    ("abuse", abuse::measure),
];

/// How fast an enclave is: real sshd, signstar-sign, signstar-log and softnethsm on this machine,
/// with what else hashes and signs here measured in between.
///
/// For developers. Every signature is verified; the run fails when one does not, never because of
/// a figure. What is not installed is left out, and the report says so.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Small counts: less than a minute. Figures are not judged.
    #[arg(long)]
    quick: bool,

    /// Nothing but this, by its name in --list; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Say what can be measured, and end.
    #[arg(long)]
    list: bool,

    /// The file for the figures, as JSON [default: bench.json beside this program].
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Measure nothing: take the figures of an earlier run.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["quick", "only", "json"])]
    from: Option<PathBuf>,

    /// Write the tables of this document anew, between their markers.
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    document: Option<PathBuf>,

    /// The folder for everything that is made on the way, on a disk: the log syncs [default: that
    /// of this program].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for (name, _) in MEASURES {
            say(name);
        }
        return ExitCode::SUCCESS;
    }
    let ended = run(&arguments);
    leave_it_to_the_signal();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failed> {
    let report = match &arguments.from {
        Some(earlier) => serde_json::from_slice(&fs::read(earlier)?)?,
        None => measured(arguments)?,
    };
    say(&report.to_text());
    if !report.failed.is_empty() {
        return Err(report.failed.join("; ").into());
    }
    if let Some(document) = &arguments.document {
        let text = fs::read_to_string(document)?;
        fs::write(document, document::rewritten(&text, &report)?)?;
        say(&format!("tables in {}", document.display()));
    }
    Ok(())
}

/// Measures, and keeps the figures. A measure that fails leaves the others alone.
fn measured(arguments: &Arguments) -> Result<Report, Failed> {
    let unknown = |name: &&String| MEASURES.iter().all(|(known, _)| known != name);
    if let Some(name) = arguments.only.iter().find(unknown) {
        return Err(format!("there is no measure {name}; --list names all").into());
    }
    let program = env::current_exe()?;
    let beside = program.parent().ok_or("this program is nowhere")?;
    let machine = Machine::look()?;
    if let Some(warning) = machine.warning() {
        say(&warning);
    }
    let mut report = Report::new(machine, arguments.quick);
    let stage = Stage::set(arguments.dir.as_deref().unwrap_or(beside))?;
    let scale = Scale::new(arguments.quick);
    for (name, measure) in MEASURES {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|only| only == name) {
            continue;
        }
        say(&format!("measuring {name} ..."));
        report.begin(name);
        if let Err(error) = measure(&stage, &scale, &mut report) {
            // What else was measured, or will be, is not lost.
            report.failed.push(format!("{name}: {error}"));
        }
    }
    stage.peaks(&mut report);

    let json = match &arguments.json {
        Some(json) => json.clone(),
        None => beside.join("bench.json"),
    };
    fs::write(&json, serde_json::to_string_pretty(&report)? + "\n")?;
    say(&format!("figures in {}", json.display()));
    Ok(report)
}

fn say(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stdout(), "{text}");
}
