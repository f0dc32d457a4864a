//! Ways into the enclave, each with an SSH key and a forced command of its own.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use signstar_enclave::{Folder, program};

use crate::{
    Failed,
    stage::{ED25519, KEYS, Log},
};

/// The way into the enclave where nothing is done.
pub(crate) const NOTHING: &str = "nothing";

/// What `ssh` calls the way of the client `key` into the enclave.
pub(crate) fn door(key: &str, log: Log) -> String {
    match log {
        Log::On => key.to_owned(),
        Log::Off => format!("{key}-unlogged"),
    }
}

/// The configuration with or without the log.
pub(crate) fn configuration(folder: &Folder, log: Log) -> PathBuf {
    match log {
        Log::On => folder.configuration(),
        Log::Off => folder.path().join("unlogged.toml"),
    }
}

/// Adds ways into the enclave: for each client one without the log, and one to nothing.
pub(crate) fn open_doors(folder: &Folder) -> Result<(), Failed> {
    let logged = fs::read_to_string(configuration(folder, Log::On))?;
    let unlogged = without_log(&logged).ok_or("the configuration has no log")?;
    fs::write(configuration(folder, Log::Off), unlogged)?;
    for (key, _, _) in KEYS {
        open_door(folder, key, &door(key, Log::Off), None)?;
    }
    open_door(folder, ED25519, NOTHING, Some("true"))
}

/// Adds the door `name` with an SSH key of its own: like that of the client `key` but without
/// the log, or with `command`.
fn open_door(folder: &Folder, key: &str, name: &str, command: Option<&str>) -> Result<(), Failed> {
    let (old, new) = (folder.ssh_key(key), folder.ssh_key(name));
    let made = Command::new(program("ssh-keygen")?)
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(&new)
        .status()?;
    if !made.success() {
        return Err("no SSH key could be made".into());
    }
    let public = |path: &Path| -> io::Result<String> {
        let text = fs::read_to_string(path.with_extension("pub"))?;
        Ok(text.trim_end().to_owned())
    };
    let (old_public, new_public) = (public(&old)?, public(&new)?);

    let keys = folder.path().join("ssh/authorized_keys");
    let line = match command {
        Some(command) => format!("restrict,command=\"{command}\" {new_public}"),
        None => {
            let lines = fs::read_to_string(&keys)?;
            let line = lines.lines().find(|line| line.ends_with(&old_public));
            let [on, off] = [Log::On, Log::Off].map(|log| configuration(folder, log));
            line.ok_or("a client has no door")?
                .replace(&old_public, &new_public)
                .replace(&*on.to_string_lossy(), &off.to_string_lossy())
        }
    };
    append(&keys, &format!("{line}\n"))?;

    let config = folder.path().join("ssh/config");
    let hosts = fs::read_to_string(&config)?;
    let host = hosts
        .split("Host ")
        .find_map(|host| host.strip_prefix(&format!("{key}\n")))
        .ok_or("ssh does not know a client")?
        .replace(&*old.to_string_lossy(), &new.to_string_lossy());
    append(&config, &format!("Host {name}\n{host}"))
}

fn append(path: &Path, text: &str) -> Result<(), Failed> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// `text` with a log that records nothing.
fn without_log(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("\n[log]\n")?;
    let (_, after) = rest.split_once("\n\n")?;
    Some(format!("{before}log = \"unlogged\"\n\n{after}"))
}
