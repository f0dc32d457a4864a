//! The difference between a host as it is and as it is to be.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use nix::unistd::{Group, User};
use signstar::config::{ClientName, Config, Log};

use super::{
    Change, Target, Written,
    accounts::{self, Entry, Kind},
    firewall,
    login::{Login, MARK, logins},
    passwd::Accounts,
    sshd,
    tree::{Node, Tree, names, observe},
    units,
};
use crate::{Error, configuration};

/// Where the configuration is on the host, if it was named on the command line.
const CONFIG: &str = "/etc/signstar/signstar.toml";

/// What becomes of Unix users that the configuration no longer names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leavers {
    /// Nobody can log in as them; what is theirs stays.
    Lock,
    /// They are deleted; their folders stay.
    Delete,
}

/// What has to be done so that `target` is as `config` says, in this order. Nothing is changed.
///
/// `text` is the text of the configuration, if it is to be installed. Fails if a Unix user is
/// there that is not ours to change, and if something cannot be read.
pub(crate) fn plan(
    config: &Config,
    text: Option<&str>,
    target: &Target,
    leavers: Leavers,
) -> Result<Vec<Change>, Error> {
    let logins = logins(config)?;
    let tree = desired(config, text, &logins);
    let root = target.root();
    let unreadable = |source| Error::Read {
        path: root.to_owned(),
        source,
    };
    let accounts = Accounts::observe(root).map_err(unreadable)?;
    let mut changes = Vec::new();
    let mut keys = Vec::new();
    for path in superfluous(root, &tree).map_err(unreadable)? {
        changes.push(match path.starts_with(sshd::KEYS) {
            true => Change::RemoveKeys(path),
            false => Change::Remove(path),
        });
    }
    leaving(&accounts, &logins, config, leavers, &mut changes);
    for (path, after) in tree {
        let before = observe(root, &path).map_err(unreadable)?;
        if before.as_ref() != Some(&after) {
            let is_keys = path.starts_with(sshd::KEYS);
            let written = Written {
                path,
                before,
                after,
            };
            match is_keys {
                true => keys.push(Change::WriteKeys(written)),
                false => changes.push(Change::Write(written)),
            }
        }
    }
    staying(&accounts, &logins, config, target, &mut changes)?;
    if let Target::Running = target {
        let folders = wrong_folders(config).map_err(unreadable)?;
        if !folders.is_empty() {
            changes.push(Change::Folders(folders));
        }
        let written = changes
            .iter()
            .any(|change| matches!(change, Change::Write(_) | Change::Remove(_)));
        if written || target.is_unfinished() {
            changes.push(Change::Reload);
        }
    }
    changes.extend(keys);
    changes.sort_by_key(stage);
    Ok(changes)
}

/// What takes access away comes first, what gives it last.
fn stage(change: &Change) -> usize {
    match change {
        Change::RemoveKeys(_) => 0,
        Change::Lock(_) => 1,
        Change::Write(_) => 2,
        Change::Remove(_) => 3,
        Change::Create(_) => 4,
        Change::Mend(..) => 5,
        Change::Folders(_) => 6,
        Change::Reload => 7,
        Change::WriteKeys(_) => 8,
        Change::Delete(_) => 9,
    }
}

/// All files of ours.
fn desired(config: &Config, text: Option<&str>, logins: &[Login<'_>]) -> Tree {
    let mut tree = Tree::new();
    sshd::add(&mut tree, logins);
    accounts::add(&mut tree, config, logins);
    let installed = match text {
        Some(_) => Path::new(CONFIG),
        None => configuration::usual(),
    };
    units::add(&mut tree, config, installed);
    if let Some(text) = text {
        tree.insert(CONFIG.into(), Node::File(text.to_owned()));
    }
    tree
}

/// Files of ours that are there and not needed any more.
fn superfluous(root: &Path, tree: &Tree) -> io::Result<Vec<PathBuf>> {
    let mut found = names(root, Path::new(sshd::KEYS))?;
    for folder in units::FOLDERS.iter().chain([&units::TIMERS]) {
        let all = names(root, Path::new(folder))?.into_iter();
        found.extend(all.filter(|path| units::is_ours(path)));
    }
    found.push(firewall::RULES.into());
    found.retain(|path| !tree.contains_key(path));
    let mut there = Vec::new();
    for path in found {
        if observe(root, &path)?.is_some() {
            there.push(path);
        }
    }
    there.sort();
    Ok(there)
}

/// Users of ours that the configuration does not name.
fn leaving(
    accounts: &Accounts,
    logins: &[Login<'_>],
    config: &Config,
    leavers: Leavers,
    changes: &mut Vec<Change>,
) {
    let mut known: BTreeSet<&str> = logins.iter().map(|login| login.user.as_str()).collect();
    known.insert(config.host.log_user.as_str());
    for (name, account) in &accounts.users {
        if !account.is_ours() || known.contains(name.as_str()) {
            continue;
        }
        if !account.locked {
            changes.push(Change::Lock(name.clone()));
        }
        if leavers == Leavers::Delete {
            changes.push(Change::Delete(name.clone()));
        }
    }
}

/// Users that the configuration names: those that are missing, and those that are different.
fn staying(
    accounts: &Accounts,
    logins: &[Login<'_>],
    config: &Config,
    target: &Target,
    changes: &mut Vec<Change>,
) -> Result<(), Error> {
    let mut missing = Vec::new();
    let mut wanted: Vec<(&str, &str, &str)> = logins
        .iter()
        .map(|login| (login.user.as_str(), login.what, login.shell))
        .collect();
    if let Log::Public(_) = config.log {
        let log_user = config.host.log_user.as_str();
        wanted.push((log_user, "Signstar log", "/usr/sbin/nologin"));
    }
    for (name, what, shell) in &wanted {
        let Some(account) = accounts.users.get(*name) else {
            missing.push((*name).to_owned());
            continue;
        };
        // The package of the log may have made its user, under another description.
        let is_log = *name == config.host.log_user.as_str() && !account.what.starts_with(MARK);
        if is_log {
            continue;
        }
        if !account.is_ours() {
            return Err(Error::Foreign((*name).to_owned()));
        }
        let differences = [
            (account.shell != *shell, "shell"),
            (account.what != *what, "description"),
            (account.home != "/", "home"),
            (account.locked, "unlocked"),
            (account.has_password, "without a password"),
        ];
        let different = differences.into_iter().filter(|(is, _)| *is);
        let different: Vec<_> = different.map(|(_, what)| what).collect();
        if !different.is_empty() {
            changes.push(Change::Mend((*name).to_owned(), different));
        }
    }
    if config.metrics.is_some() {
        let group = accounts.groups.get(accounts::METRICS_GROUP);
        let is_member = |client: &str| group.is_some_and(|members| members.contains(client));
        for client in config.clients.keys().map(ClientName::as_str) {
            if !is_member(client) && !missing.iter().any(|name| name == client) {
                missing.push(client.to_owned());
            }
        }
    }
    // In a tree, users are made at the first boot (or by whoever makes the image).
    if !missing.is_empty() && *target == Target::Running {
        changes.push(Change::Create(missing));
    }
    Ok(())
}

/// Folders that are not there, or have another mode or owner, and files with another.
fn wrong_folders(config: &Config) -> io::Result<Vec<PathBuf>> {
    let mut wrong = Vec::new();
    for Entry {
        path,
        kind,
        mode,
        user,
        group,
    } in accounts::entries(config)
    {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let is_right = match (&metadata, kind) {
            (None, Kind::File) => true,
            (None, Kind::Folder) => false,
            // What everybody may read may be elsewhere.
            (Some(metadata), Kind::File) if metadata.is_symlink() && mode & 0o004 != 0 => true,
            (Some(metadata), _) => {
                let user = User::from_name(&user)?.map(|user| user.uid.as_raw());
                let group = Group::from_name(&group)?.map(|group| group.gid.as_raw());
                // To whom nothing is granted is all the same.
                let is_group = mode & 0o070 == 0 || group == Some(metadata.gid());
                metadata.permissions().mode() & 0o7777 == mode
                    && user == Some(metadata.uid())
                    && is_group
            }
        };
        if !is_right {
            wrong.push(path);
        }
    }
    Ok(wrong)
}
