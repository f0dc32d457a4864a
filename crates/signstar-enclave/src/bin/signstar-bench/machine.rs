//! Where and when figures were taken, and whether they can be trusted.

use std::{fs, path::Path, process::Command, thread};

use serde::{Deserialize, Serialize};

use crate::Failed;

/// Above this load something else runs, and figures say little.
const QUIET: f64 = 0.5;

/// Where and when figures were taken.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    /// Processors.
    pub(crate) cores: usize,
    /// All of its memory, in GiB.
    pub(crate) memory: f64,
    /// The load average of the last minute, at the start.
    pub(crate) load: f64,
    /// When it began, in UTC.
    pub(crate) date: String,
    /// The commit that was checked out, with `+` if files differed from it.
    pub(crate) commit: String,
    /// How the programs were built.
    pub(crate) build: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn look() -> Result<Self, Failed> {
        let memory = fs::read_to_string("/proc/meminfo")?;
        let total = memory
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .ok_or("/proc/meminfo has no MemTotal")?;
        let kibibytes: f64 = total.trim().trim_end_matches(" kB").parse()?;
        let load = fs::read_to_string("/proc/loadavg")?;
        let load = load.split_whitespace().next().unwrap_or_default();
        let now = jiff::Timestamp::now();
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            memory: kibibytes / f64::from(1 << 20),
            load: load.parse()?,
            date: now.strftime("%Y-%m-%d %H:%M").to_string(),
            commit: commit().unwrap_or_else(|| "unknown".to_owned()),
            build: if cfg!(debug_assertions) {
                "debug".to_owned()
            } else {
                "release".to_owned()
            },
        })
    }

    /// Why its figures are not to be trusted.
    pub(crate) fn warning(&self) -> Option<String> {
        let mut reasons = Vec::new();
        if self.load > QUIET {
            reasons.push(format!(
                "the load average was {:.1} at the start: other programs took cores away",
                self.load
            ));
        }
        if self.build != "release" {
            reasons.push("the programs are not optimised".to_owned());
        }
        let all = reasons.join("; ");
        (!all.is_empty()).then(|| format!("THESE FIGURES ARE NOT TO BE TRUSTED: {all}"))
    }

    /// The machine in a line.
    pub(crate) fn to_text(&self) -> String {
        format!(
            "{} cores, {:.0} GiB of memory, load {:.1} at the start, {} UTC, commit {}, {} build",
            self.cores, self.memory, self.load, self.date, self.commit, self.build
        )
    }
}

/// The commit of the sources that this was built from, while they are still where they were.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("git");
        let output = command.arg("-C").arg(sources).args(arguments).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let mark = if changed.is_empty() { "" } else { "+" };
    Some(format!("{commit}{mark}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_busy_machine_are_marked() {
        let quiet = Machine {
            cores: 4,
            memory: 16.0,
            load: 0.5,
            date: String::new(),
            commit: String::new(),
            build: "release".to_owned(),
        };
        assert_eq!(quiet.warning(), None);
        let busy = Machine { load: 0.6, ..quiet };
        assert!(
            busy.warning()
                .is_some_and(|warning| warning.contains("0.6"))
        );
    }
}
