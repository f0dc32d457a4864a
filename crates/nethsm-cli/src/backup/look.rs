//! Looking into backups without a device.

use std::path::PathBuf;

use clap::Args;
use nethsm::backup::{Entry, Summary};
use serde::Serialize;

use super::source::{Source, bad};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::passphrase::existing;
use crate::session::Session;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    version: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    values: usize,
    users: usize,
    keys: usize,
    namespaces: usize,
    unlocked: bool,
}

/// With the unlock passphrase of the backup, users and keys are opened, too; without it they are
/// authenticated only.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    source: Source,

    /// The file with the unlock passphrase of the backup [default: users and keys stay closed].
    #[arg(long, value_name = "FILE")]
    unlock_passphrase_file: Option<PathBuf>,
}

impl Verb for Verify {
    fn run(&self, _: &Session) -> Result<Answer, Failure> {
        let bad = |error| bad(&self.source.file, &error);
        let mut backup = self.source.open()?;
        let Summary {
            values,
            users,
            keys,
            namespaces,
        } = backup.verify().map_err(bad)?;
        if let Some(path) = &self.unlock_passphrase_file {
            let passphrase = existing("Unlock passphrase", Some(path))?;
            let unlocked = backup.unlock(&passphrase).map_err(bad)?;
            for entry in backup.entries(&unlocked).map_err(bad)? {
                entry.map_err(bad)?;
            }
        }
        Ok(Answer::of(&Verified {
            version: backup.version().byte(),
            device_id: backup.device_id().map(str::to_owned),
            values,
            users,
            keys,
            namespaces,
            unlocked: self.unlock_passphrase_file.is_some(),
        }))
    }
}

/// One line of the list.
#[derive(Serialize)]
struct Line {
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// With the unlock passphrase of the backup, roles of users and uses of keys are shown, too.
/// Nothing secret is shown in any case.
#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    source: Source,

    /// The file with the unlock passphrase of the backup [default: names only].
    #[arg(long, value_name = "FILE")]
    unlock_passphrase_file: Option<PathBuf>,
}

impl Verb for List {
    fn run(&self, _: &Session) -> Result<Answer, Failure> {
        let bad = |error| bad(&self.source.file, &error);
        let mut backup = self.source.open()?;
        let mut lines = Vec::new();
        if let Some(path) = &self.unlock_passphrase_file {
            let passphrase = existing("Unlock passphrase", Some(path))?;
            let unlocked = backup.unlock(&passphrase).map_err(bad)?;
            for entry in backup.entries(&unlocked).map_err(bad)? {
                lines.extend(described(&entry.map_err(bad)?));
            }
        } else {
            for item in backup.items().map_err(bad)? {
                lines.extend(named(&item.map_err(bad)?.path));
            }
        }
        Ok(Answer::of(&lines))
    }
}

/// What a path tells.
fn named(path: &str) -> Option<Line> {
    let line = |kind, name: &str| {
        (!name.ends_with(".version")).then(|| Line {
            kind,
            name: name.to_owned(),
            about: None,
        })
    };
    if let Some(name) = path.strip_prefix("/authentication/") {
        line("user", name)
    } else if let Some(name) = path.strip_prefix("/key/") {
        line("key", name.trim_start_matches('.'))
    } else if let Some(name) = path.strip_prefix("/namespace/") {
        line("namespace", name)
    } else {
        line("setting", path)
    }
}

/// What an open value tells.
fn described(entry: &Entry) -> Option<Line> {
    let (kind, name, about) = match entry {
        Entry::User(user) => {
            let tags = user.user.tags.join(" ");
            let about = [user.user.role.as_str(), &tags].join(" ");
            (
                "user",
                user.id.to_string(),
                Some(about.trim_end().to_owned()),
            )
        }
        Entry::Key(key) => {
            let uses: Vec<_> = key
                .key
                .mechanisms
                .iter()
                .map(|use_| use_.as_str())
                .collect();
            let name = match &key.namespace {
                Some(namespace) => format!("{namespace}/{}", key.id),
                None => key.id.to_string(),
            };
            ("key", name, Some(uses.join(" ")))
        }
        Entry::Namespace(id) => ("namespace", id.to_string(), None),
        Entry::Setting(setting) => (
            "setting",
            nethsm::backup::Setting::path(setting.device.as_deref(), &setting.name),
            None,
        ),
        Entry::Other { path } => ("setting", path.clone(), None),
        _ => return None,
    };
    Some(Line { kind, name, about })
}
