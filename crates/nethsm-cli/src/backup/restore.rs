//! Restoring backups.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use nethsm::table;
use nethsm::time::DeviceTime;
use nethsm::transfer::RestoreArguments;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{Sendable, length};
use crate::noun::Verb;
use crate::passphrase::existing;
use crate::progress::Progress;
use crate::session::Session;

/// A fresh device has everything of the backup then. An operational one takes users, keys and
/// namespaces, and what it has beyond the backup is deleted. Either may be locked afterwards, by
/// the unlock passphrase of the backup.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup; `-` is standard input.
    file: PathBuf,

    /// The file with the passphrase of the backup [default: asked for].
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,

    /// Restore a backup of this very device, which knows the passphrase.
    #[arg(long, conflicts_with = "backup_passphrase_file")]
    own: bool,

    /// The time to set on a fresh device, like 2026-01-31T12:00:00Z [default: that of this
    /// machine].
    #[arg(long, value_name = "TIME")]
    time: Option<DeviceTime>,
}

impl Verb for Restore {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = Sendable::open(&self.file)?;
        // Before the passphrase is typed: there may be no device, or several.
        session.log_in_for::<table::RestoreBackup>(self)?;
        let passphrase = self.backup_passphrase_file.as_deref();
        let arguments = RestoreArguments {
            backup_passphrase: match self.own {
                true => None,
                false => Some(existing("Passphrase of the backup", passphrase)?),
            },
            system_time: Some(self.time.unwrap_or_else(|| DeviceTime(Timestamp::now()))),
        };
        session.confirm("restore the backup; what the device has beyond it is deleted")?;
        let progress = Progress::new("restoring", length(&self.file));
        session.ask_long::<table::RestoreBackup, _>(self, |client| {
            client.restore(&arguments, &mut progress.reading(file.whole()?))
        })?;
        Ok(Answer::done("restored", &[]))
    }
}
