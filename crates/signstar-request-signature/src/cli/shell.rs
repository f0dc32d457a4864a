//! What makes a shell comfortable: completions and manual pages.

use std::{
    fs,
    io::{self, Write},
};

use clap::CommandFactory;
use signstar_request_signature::{Error, write_atomically};

use super::{
    Arguments,
    arguments::{Completions, Man},
    screen,
};

/// Prints completions for a shell.
pub(crate) fn completions(arguments: &Completions) -> Result<u8, Error> {
    let script = command_pages::completions(arguments.shell, Arguments::command());
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
    let pages = command_pages::pages(Arguments::command());
    for page in &pages {
        let path = dir.join(&page.name);
        write_atomically(&path, &page.roff).map_err(|source| Error::Write { path, source })?;
    }
    screen::say(format!(
        "manual pages written: {}, {}",
        dir.display(),
        pages.len()
    ));
    Ok(0)
}
