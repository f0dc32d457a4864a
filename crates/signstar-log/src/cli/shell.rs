//! What makes a shell comfortable: completions and manual pages.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _};
use command_pages::Kind;
use signstar_log::save;

use super::{Arguments, Failure, say, status};

/// Prints completions for a shell.
#[derive(Args, Debug)]
#[command(after_help = status::PRINTED)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    shell: Kind,
}

/// Writes the manual pages, one for each command.
#[derive(Args, Debug)]
#[command(after_help = status::PRINTED)]
pub(crate) struct ManArguments {
    /// The folder.
    dir: PathBuf,
}

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let script = command_pages::completions(arguments.shell, Arguments::command());
    say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    let pages = command_pages::pages(Arguments::command());
    for page in &pages {
        save(&arguments.dir.join(&page.name), &page.roff)?;
    }
    say(&format!("{} manual pages written", pages.len()))?;
    Ok(ExitCode::SUCCESS)
}
