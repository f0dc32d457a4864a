//! Paths that are written into the configuration of other programs.

use std::path::{Component, Path};

use crate::config::{
    AdministrativeCredentials, Config, Credential, Hsm, Log, Role, document::Document,
};

pub(super) fn check_for_host(config: &Config, document: &mut Document<'_>) {
    let mut paths: Vec<(Vec<&str>, &Path)> = vec![(vec!["state"], &config.state)];
    paths.extend(
        config
            .metrics
            .as_deref()
            .map(|path| (vec!["metrics"], path)),
    );
    if let Some(administration) = &config.administration {
        paths.push((vec!["administration", "folder"], &administration.folder));
        if let AdministrativeCredentials::Shares(sharing) = &administration.credentials {
            paths.push((vec!["administration", "volatile"], &sharing.volatile));
        }
    }
    for (name, key) in &config.keys {
        let passphrase = key.passphrase.path();
        paths.push((vec!["key", name.as_str(), "passphrase"], passphrase));
    }
    for (name, rules) in &config.clients {
        let own = rules.passphrase.as_ref().map(Credential::path);
        paths.extend(own.map(|path| (vec!["client", name.as_str(), "passphrase"], path)));
    }
    for (name, user) in &config.users {
        if let Role::Backup(backup) = &user.role {
            let passphrase = backup.passphrase.path();
            paths.push((vec!["user", name.as_str(), "passphrase"], passphrase));
        }
    }
    for (name, hsm) in &config.hsms {
        let Hsm::NetHsm(hsm) = hsm else { continue };
        let account = hsm.settings().metrics.as_ref();
        let passphrase = account.map(|account| account.passphrase.path());
        paths.extend(passphrase.map(|path| (vec!["hsm", name.as_str(), "metrics"], path)));
    }
    let mut read: Vec<(Vec<&str>, &Path)> = Vec::new();
    if let Log::Public(log) = &config.log {
        read.push((vec!["log", "socket"], &log.socket));
    }
    for (name, key) in &config.keys {
        let files = [
            ("certificate", &key.certificate),
            ("certificate-v6", &key.certificate_v6),
            ("public-key", &key.public_key),
            ("log-policy", &key.log_policy),
        ];
        for (member, path) in files {
            let place = vec!["key", name.as_str(), member];
            read.extend(path.as_deref().map(|path| (place, path)));
        }
    }
    for (name, hsm) in &config.hsms {
        let Hsm::NetHsm(hsm) = hsm else { continue };
        let files = hsm.devices().iter();
        let files = files.filter_map(|device| device.tls_certificate.as_deref());
        read.extend(files.map(|path| (vec!["hsm", name.as_str(), "tls-certificate"], path)));
    }
    // Sessions begin in the folders of their users.
    for (place, path) in read.into_iter().filter(|(_, path)| !path.is_absolute()) {
        let what = format!("{} is another file for each user", path.display());
        document.mistake(&place, what, Some(WHOLE.to_owned()));
    }
    for (place, path) in paths {
        if let Some(hint) = what_is_wrong_with(path) {
            let what = format!("{} cannot be used here", path.display());
            document.mistake(&place, what, Some(hint.to_owned()));
        }
    }
}

const WHOLE: &str = "write the whole path, from `/` on";

/// What no path may have that stands in files of systemd, `sshd` and nftables.
fn what_is_wrong_with(path: &Path) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    let text = path.to_str();
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        Some(WHOLE)
    } else if !text.is_some_and(|text| text.chars().all(plain)) {
        Some("write a path of a-z, A-Z, 0-9, `.`, `_`, `-`, `+`, `@` and `/`")
    } else if path.components().count() < 3 {
        Some("write a path below a folder, as in /var/lib/signstar")
    } else {
        None
    }
}
