//! What makes a shell comfortable: completions and manual pages.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use clap::{Command, CommandFactory};
use clap_mangen::Man as Page;
use signstar_request_signature::{Error, write_atomically};

use super::{
    Arguments,
    arguments::{Completions, Man},
    screen,
};

const PROGRAM: &str = "signstar-request-signature";

/// Prints completions for a shell.
pub(crate) fn completions(arguments: &Completions) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        PROGRAM,
        &mut script,
    );
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(&script)
        .and_then(|()| stdout.flush())
        .map_err(|source| Error::Write {
            path: "standard output".into(),
            source,
        })?;
    Ok(0)
}

/// Writes one page for the program and one for each command.
pub(crate) fn man(arguments: &Man) -> Result<u8, Error> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).map_err(|source| Error::Write {
        path: dir.clone(),
        source,
    })?;
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let written = pages(dir, &root)?;
    screen::say(format!(
        "manual pages written: {}, {written}",
        dir.display()
    ));
    Ok(0)
}

fn pages(dir: &Path, command: &Command) -> Result<usize, Error> {
    let name = command.get_display_name().unwrap_or(PROGRAM).to_owned();
    let path = dir.join(format!("{name}.1"));
    let mut text = Vec::new();
    Page::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut text)
        .and_then(|()| write_atomically(&path, &text))
        .map_err(|source| Error::Write { path, source })?;
    let mut count = 1;
    for below in command.get_subcommands() {
        if !below.is_hide_set() {
            count += pages(dir, below)?;
        }
    }
    Ok(count)
}
