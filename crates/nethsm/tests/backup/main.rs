//! Backup files: our own, broken ones, and those of devices.

mod broken;
mod devices;
mod made;
mod written;

use std::io::Cursor;

use nethsm::backup::{Backup, BackupKey, Entry, Error, Opened};
use nethsm::passphrase::Passphrase;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn opened(bytes: &[u8], key: &BackupKey) -> Result<Opened<Cursor<Vec<u8>>>, Error> {
    Backup::read(Cursor::new(bytes.to_vec()))?.open(key)
}

/// Opens a file and reads everything in it.
fn entries(bytes: &[u8], backup: &str, unlock: &str) -> Result<Vec<Entry>, Error> {
    let file = Backup::read(Cursor::new(bytes.to_vec()))?;
    let key = BackupKey::derive(&passphrase(backup), file.salt())?;
    let mut file = file.open(&key)?;
    let keys = file.unlock(&passphrase(unlock))?;
    file.entries(&keys)?.collect()
}

/// What a file holds, as lines.
fn lines(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| match entry {
            Entry::User(user) => format!("user {} {}", user.id, user.user.role),
            Entry::Key(key) => match &key.namespace {
                Some(namespace) => format!("key {} in {namespace}", key.id),
                None => format!("key {}", key.id),
            },
            Entry::Namespace(id) => format!("namespace {id}"),
            Entry::Setting(setting) => format!("setting {}", setting.name),
            Entry::StoreVersion { path, version } => format!("{path} = {version}"),
            Entry::Other { path } => path.clone(),
            other => format!("{other:?}"),
        })
        .collect()
}
