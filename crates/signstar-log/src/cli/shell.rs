//! What makes a shell comfortable: completions and manual pages.

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use signstar_log::save;

use super::{Arguments, Failure, say, status};

/// Prints completions for a shell.
#[derive(Args, Debug)]
#[command(after_help = status::PRINTED)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

/// Writes the manual pages, one for each command.
#[derive(Args, Debug)]
#[command(after_help = status::PRINTED)]
pub(crate) struct ManArguments {
    /// The folder.
    dir: PathBuf,
}

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "signstar-log", &mut script);
    say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let pages = pages(&arguments.dir, &command)?;
    say(&format!("{pages} manual pages written"))?;
    Ok(ExitCode::SUCCESS)
}

fn pages(dir: &PathBuf, command: &Command) -> Result<usize, Failure> {
    let name = command.get_display_name().unwrap_or("signstar-log");
    let mut text = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut text)
        .map_err(|error: io::Error| Failure::new(error.to_string(), "please report this"))?;
    save(&dir.join(format!("{name}.1")), &text)?;
    let mut count = 1;
    for below in command.get_subcommands() {
        count += pages(dir, below)?;
    }
    Ok(count)
}
