//! `signstar-configure host`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use signstar_configure::{
    Error, Status,
    host::{self, Change, Leavers, Target},
};

/// Set up the signing host: Unix users, sshd, systemd, firewall.
///
/// Each client and each user of the configuration becomes a Unix user with a locked password and
/// without a shell, whose SSH keys belong to root and run one program. Users that the configuration
/// no longer names are locked and lose their keys.
#[derive(Debug, Subcommand)]
pub(super) enum Host {
    /// Show what `apply` would do, and change nothing. Exit status: 0 nothing; 10 something.
    Plan(Wanted),
    /// Do it. What gives access is done last: when this ends early, the host is closed rather
    /// than open; run it again to complete it. Exit status: 0 done, or nothing to do.
    Apply(Wanted),
}

#[derive(Args, Debug)]
pub(super) struct Wanted {
    /// Write into the tree at DIR, for an image, in place of the running host. systemd makes the
    /// Unix users and their folders when the image boots.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Delete Unix users of the enclave that the configuration no longer names.
    #[arg(long)]
    delete: bool,

    /// Print one object of JSON: `changes`, each with `change`, `targets`, and the lines of its
    /// `difference`.
    #[arg(long)]
    json: bool,
}

impl Host {
    pub(super) fn run(self, config: Option<&Path>) -> Result<Status, Error> {
        let (Self::Plan(wanted) | Self::Apply(wanted)) = &self;
        let target = match &wanted.root {
            Some(root) => Target::Tree(root.clone()),
            None => Target::Running,
        };
        let leavers = match wanted.delete {
            true => Leavers::Delete,
            false => Leavers::Lock,
        };
        match &self {
            Self::Plan(_) => {
                let changes = host::plan(config, &target, leavers)?;
                show(&changes, wanted.json).map_err(Error::Output)?;
                Ok(match changes.is_empty() {
                    true => Status::Done,
                    false => Status::Pending,
                })
            }
            Self::Apply(_) => {
                // Changes are made also if nobody reads about them.
                host::apply(config, &target, leavers, |changes| {
                    let _ = show(changes, wanted.json);
                })?;
                Ok(Status::Done)
            }
        }
    }
}

fn show(changes: &[Change], json: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if json {
        return writeln!(stdout, "{}", serde_json::json!({ "changes": changes }));
    }
    for change in changes {
        writeln!(stdout, "{change}")?;
    }
    if changes.is_empty() {
        writeln!(stdout, "nothing to do")?;
    }
    stdout.flush()
}
