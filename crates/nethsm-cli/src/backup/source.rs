//! A backup file and what opens it.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use nethsm::backup::{Backup, BackupKey, Error, Opened};

use crate::failure::{Failure, Kind, chain};
use crate::passphrase::existing;

/// A backup file and what opens it.
#[derive(Args, Debug)]
pub(super) struct Source {
    /// The backup.
    pub(super) file: PathBuf,

    /// The file with the passphrase of the backup [default: asked for].
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,

    /// The backup is of firmware 1.x, which did not know namespaces.
    #[arg(long)]
    without_namespaces: bool,
}

impl Source {
    pub(super) fn open(&self) -> Result<Opened<File>, Failure> {
        let file =
            File::open(&self.file).map_err(|cause| Failure::file("read", &self.file, &cause))?;
        let bad = |error| bad(&self.file, &error);
        let backup = Backup::read(file).map_err(bad)?;
        let passphrase = existing(
            "Passphrase of the backup",
            self.backup_passphrase_file.as_deref(),
        )?;
        let key = BackupKey::derive(&passphrase, backup.salt()).map_err(bad)?;
        let opened = backup.open(&key).map_err(bad)?;
        Ok(match self.without_namespaces {
            true => opened.without_namespaces(),
            false => opened,
        })
    }
}

/// What is wrong with the backup at `path`.
pub(super) fn bad(path: &Path, error: &Error) -> Failure {
    let (kind, hint) = match error {
        Error::Io(_) => (Kind::Local, "check the spelling and the folder you are in"),
        Error::Cryptography => (Kind::Local, "try another machine"),
        Error::BackupPassphrase => (
            Kind::Refused,
            "give the passphrase that was in force when the backup was made",
        ),
        Error::UnlockPassphrase => (
            Kind::Refused,
            "give the unlock passphrase that was in force when the backup was made",
        ),
        Error::NoBackup | Error::Version(_) => (Kind::DoesNotHold, "see that it is the right file"),
        _ => (Kind::DoesNotHold, "get another copy, or an older backup"),
    };
    Failure::new(kind, format!("{}: {}", path.display(), chain(error)), hint)
}
