//! What is planned, done.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use super::{Change, Target, Written, accounts, files, give, login::logins, sshd, sshd_check};
use crate::{Error, journal::Journal};
use signstar::config::Config;

/// Makes `changes` one after the other, and writes each to the journal. Ends at the first that
/// cannot be made; what was not done then gives access, as that comes last.
pub(crate) fn apply(
    config: &Config,
    target: &Target,
    changes: &[Change],
    journal: &mut Journal,
) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    target.begin()?;
    for change in changes {
        let done = make(config, target, change);
        journal.change(change.name(), &change.targets(), &done);
        done?;
    }
    target.finish()
}

fn make(config: &Config, target: &Target, change: &Change) -> Result<(), Error> {
    let root = target.root();
    let on = |path: &Path, done: io::Result<()>| {
        done.map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
    };
    match change {
        Change::RemoveKeys(path) | Change::Remove(path) => on(path, files::remove(root, path)),
        Change::Write(written) if written.path() == Path::new(sshd::DROP_IN) => {
            on(
                written.path(),
                files::put(root, written.path(), &written.after),
            )?;
            accepted_by_sshd(config, target, written)
        }
        Change::Write(Written { path, after, .. })
        | Change::WriteKeys(Written { path, after, .. }) => on(path, files::put(root, path, after)),
        Change::Lock(user) => {
            let words = ["--expiredate", "1", "--lock", user];
            run("usermod", &[prefix(root), words.to_vec()].concat())?;
            match target {
                Target::Running => end_processes(user),
                Target::Tree(_) => Ok(()),
            }
        }
        Change::Delete(user) => run("userdel", &[prefix(root), vec![user.as_str()]].concat()),
        Change::Create(_) => run("systemd-sysusers", &[accounts::SYSUSERS]),
        Change::Mend(user, _) => mend(config, root, user),
        Change::Folders(_) => {
            for entry in accounts::entries(config) {
                on(&entry.path, give::to_its_reader(&entry))?;
            }
            run("systemd-tmpfiles", &["--create", accounts::TMPFILES])
        }
        Change::Reload => super::reload::reload(config),
    }
}

fn prefix(root: &Path) -> Vec<&str> {
    match root.to_str() {
        Some("/") | None => Vec::new(),
        Some(root) => vec!["--prefix", root],
    }
}

fn mend(config: &Config, root: &Path, user: &str) -> Result<(), Error> {
    let logins = logins(config)?;
    let login = logins.iter().find(|login| login.user.as_str() == user);
    let (what, shell) = login.map_or(("Signstar log", "/usr/sbin/nologin"), |login| {
        (login.what, login.shell)
    });
    let words = [
        "--home",
        "/",
        "--shell",
        shell,
        "--comment",
        what,
        "--expiredate",
        "",
    ];
    let words = [&words[..], &["--password", "!*", user]].concat();
    run("usermod", &[prefix(root), words].concat())
}

/// Has `sshd` read what was written, and puts back what was there if it does not like it.
fn accepted_by_sshd(config: &Config, target: &Target, written: &Written) -> Result<(), Error> {
    let Target::Running = target else {
        return Ok(());
    };
    let checked = sshd_check::check(&logins(config)?);
    if checked.is_err() {
        let back = match &written.before {
            Some(node @ (super::tree::Node::File(_) | super::tree::Node::Link(_))) => {
                files::put(target.root(), written.path(), node)
            }
            _ => files::remove(target.root(), written.path()),
        };
        back.map_err(|source| Error::Write {
            path: written.path().to_owned(),
            source,
        })?;
    }
    checked
}

/// Ends whatever `user` runs.
fn end_processes(user: &str) -> Result<(), Error> {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::{Pid, User},
    };
    use std::os::unix::fs::MetadataExt;

    let Some(uid) = User::from_name(user).ok().flatten().map(|user| user.uid) else {
        return Ok(());
    };
    let unreadable = |source| Error::Read {
        path: "/proc".into(),
        source,
    };
    for entry in std::fs::read_dir("/proc").map_err(unreadable)?.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let owner = entry.metadata().map(|metadata| metadata.uid()).ok();
        if let (Some(pid), true) = (pid, owner == Some(uid.as_raw())) {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
    Ok(())
}

/// Runs a program of the host, without a shell.
pub(crate) fn run(program: &'static str, words: &[&str]) -> Result<(), Error> {
    let failed = |reason: String| Error::Program { program, reason };
    let output = Command::new(super::reload::program(program))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
    }
}
