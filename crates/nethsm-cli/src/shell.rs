//! What makes a shell comfortable: completions and manual pages.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell as Kind;
use clap_mangen::Man;

use crate::answer::{Answer, to_stdout};
use crate::arguments;
use crate::failure::Failure;
use crate::file::{NewFile, Readers};

/// Commands that no device is needed for.
#[derive(Debug, Subcommand)]
pub(crate) enum Shell {
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Kind,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder.
        dir: PathBuf,
    },
}

impl Shell {
    pub(crate) fn run(self) -> Result<Answer, Failure> {
        match self {
            Self::Completions { shell } => completions(shell),
            Self::Man { dir } => pages(&dir),
        }
    }
}

fn completions(shell: Kind) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut arguments::command(), "nethsm", &mut script);
    to_stdout(&script)?;
    Ok(Answer::gone())
}

/// One page for each command: `nethsm.1`, `nethsm-key.1`, `nethsm-key-sign.1` and so on.
fn pages(dir: &std::path::Path) -> Result<Answer, Failure> {
    std::fs::create_dir_all(dir).map_err(|cause| Failure::file("write", dir, &cause))?;
    let mut root = arguments::command().disable_help_subcommand(true);
    root.build();
    let written = page(dir, &root)?;
    let dir = dir.display().to_string();
    let count = written.to_string();
    Ok(Answer::done(
        "manual pages written",
        &[("dir", &dir), ("pages", &count)],
    ))
}

fn page(dir: &std::path::Path, command: &clap::Command) -> Result<usize, Failure> {
    let name = command.get_display_name().unwrap_or("nethsm").to_owned();
    let path = dir.join(format!("{name}.1"));
    let mut text = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut text)
        .map_err(|cause| Failure::file("write", &path, &cause))?;
    let mut file = NewFile::create(&path, Readers::Usual)?;
    file.write_all(&text)
        .map_err(|cause| Failure::file("write", &path, &cause))?;
    file.keep()?;
    let mut count = 1;
    for below in command.get_subcommands() {
        count += page(dir, below)?;
    }
    Ok(count)
}
