//! Unix users, and the folders that are theirs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use signstar::config::{AdministrativeCredentials, Config, Hsm, Log, Role, UserName};

use super::{
    login::Login,
    tree::{Node, Tree},
};

pub(crate) const SYSUSERS: &str = "/etc/sysusers.d/signstar.conf";
pub(crate) const TMPFILES: &str = "/etc/tmpfiles.d/signstar.conf";
/// The group whose members write metrics.
pub(crate) const METRICS_GROUP: &str = "signstar-metrics";

/// A folder, or a file that may be there, with its mode and its owner.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) user: String,
    pub(crate) group: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// A folder, made if it is not there.
    Folder,
    /// A file that somebody else makes: only mode and owner are set.
    File,
}

/// Adds the users for systemd-sysusers(8) and the folders for systemd-tmpfiles(8).
pub(crate) fn add(tree: &mut Tree, config: &Config, logins: &[Login<'_>]) {
    const HEAD: &str = "# Written by `signstar-configure host apply`; changes are lost.\n";
    let mut users = String::from(HEAD);
    if matches!(config.log, Log::Public(_)) {
        let user = &config.host.log_user;
        users.push_str(&format!(
            "u {user} - \"Signstar log\" / /usr/sbin/nologin\n"
        ));
    }
    for Login {
        user, what, shell, ..
    } in logins
    {
        users.push_str(&format!("u {user} - \"{what}\" / {shell}\n"));
    }
    if config.metrics.is_some() {
        users.push_str(&format!("g {METRICS_GROUP} -\n"));
        for client in config.clients.keys() {
            users.push_str(&format!("m {client} {METRICS_GROUP}\n"));
        }
    }
    tree.insert(SYSUSERS.into(), Node::File(users));

    let mut folders = String::from(HEAD);
    for entry in entries(config) {
        let letter = match entry.kind {
            Kind::Folder => 'd',
            Kind::File => 'z',
        };
        let Entry {
            path,
            mode,
            user,
            group,
            ..
        } = entry;
        let path = path.display();
        folders.push_str(&format!("{letter} {path} {mode:04o} {user} {group}\n"));
    }
    tree.insert(TMPFILES.into(), Node::File(folders));
}

/// All folders and files with an owner of their own, those above before those below.
pub(crate) fn entries(config: &Config) -> BTreeSet<Entry> {
    let mut entries = BTreeSet::new();
    let mut add = |path: &Path, kind, mode, user: &str, group: &str| {
        entries.insert(Entry {
            path: path.to_owned(),
            kind,
            mode,
            user: user.to_owned(),
            group: group.to_owned(),
        });
    };
    // With the configuration, which all of them read.
    add(
        Path::new("/etc/signstar"),
        Kind::Folder,
        0o755,
        "root",
        "root",
    );
    add(
        Path::new("/etc/signstar/signstar.toml"),
        Kind::File,
        0o644,
        "root",
        "root",
    );
    add(
        Path::new("/var/lib/signstar"),
        Kind::Folder,
        0o755,
        "root",
        "root",
    );
    add(&config.state, Kind::Folder, 0o755, "root", "root");
    for client in config.clients.keys() {
        let (path, client) = (config.state.join(client.as_str()), client.as_str());
        add(&path, Kind::Folder, 0o700, client, client);
    }
    if let Some(metrics) = &config.metrics {
        // Each may make files there, and change only its own.
        add(metrics, Kind::Folder, 0o1775, "root", METRICS_GROUP);
    }
    if let Some(administration) = &config.administration {
        add(&administration.folder, Kind::Folder, 0o700, "root", "root");
        if let AdministrativeCredentials::Shares(sharing) = &administration.credentials {
            let above = sharing.volatile.parent().unwrap_or(Path::new("/"));
            if above.starts_with("/run/signstar") {
                add(above, Kind::Folder, 0o755, "root", "root");
            }
            add(&sharing.volatile, Kind::Folder, 0o755, "root", "root");
            for holder in sharing.holders.iter().map(UserName::as_str) {
                // What it may read, and what it may write until the host is switched off.
                let own = config.state.join(holder);
                add(&own, Kind::Folder, 0o750, "root", holder);
                let upload = sharing.volatile.join(holder);
                add(&upload, Kind::Folder, 0o700, holder, holder);
            }
        }
    }
    let readers = readers(config);
    for (path, reader) in &readers {
        add(path, Kind::File, 0o600, reader, reader);
        let Some(folder) = path.parent() else {
            continue;
        };
        let shared = |other: &&Path| other.parent() == Some(folder);
        let alone = readers.keys().copied().filter(shared).count() == 1;
        // Others' folders are left as they are.
        let below = folder.strip_prefix("/var/lib/signstar");
        if alone && below.is_ok_and(|below| below.components().next().is_some()) {
            add(folder, Kind::Folder, 0o700, reader, reader);
        }
    }
    entries
}

/// The files with passphrases, and who reads each.
fn readers(config: &Config) -> BTreeMap<&Path, &str> {
    let mut readers = BTreeMap::new();
    for key in config.keys.values() {
        readers.insert(key.passphrase.path(), "root");
    }
    if let Log::Public(log) = &config.log {
        let key = log.key.as_ref().and_then(|name| config.keys.get(name));
        readers.extend(key.map(|key| (key.passphrase.path(), config.host.log_user.as_str())));
    }
    for hsm in config.hsms.values() {
        let Hsm::NetHsm(hsm) = hsm else { continue };
        let account = hsm.settings().metrics.as_ref();
        readers.extend(account.map(|account| (account.passphrase.path(), "root")));
    }
    for (client, rules) in &config.clients {
        let operator = config.operator_of(rules);
        readers.extend(operator.map(|(_, passphrase)| (passphrase.path(), client.as_str())));
    }
    for (name, user) in &config.users {
        if let Role::Backup(backup) = &user.role {
            readers.insert(backup.passphrase.path(), name.as_str());
        }
    }
    readers
}
