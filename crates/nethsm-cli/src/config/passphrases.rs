//! What unlocks the device, and what decrypts its backups.

use std::path::PathBuf;

use clap::Args;
use nethsm::config::NewBackupPassphrase;
use nethsm::passphrase::Passphrase;
use nethsm::system::NewUnlockPassphrase;
use nethsm::table;

use crate::answer::Answer;
use crate::arguments::NewPassphrase;
use crate::failure::Failure;
use crate::noun::{Verb, noun};
use crate::passphrase::{existing, fresh};
use crate::session::Session;

noun! {
    /// What unlocks the device, and what decrypts its backups.
    Passphrases {
        /// Change what unlocks the device.
        Unlock: [SetUnlockPassphrase],
        /// Set or change what decrypts the backups to come.
        Backup: [SetBackupPassphrase],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Unlock {
    /// The file with the unlock passphrase in force [default: asked for].
    #[arg(long, value_name = "FILE")]
    current_passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    new: NewPassphrase,
}

impl Verb for Unlock {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let current = self.current_passphrase_file.as_deref();
        let question = NewUnlockPassphrase {
            current_passphrase: existing("Unlock passphrase in force", current)?,
            new_passphrase: fresh("unlock passphrase", self.new.new_passphrase_file.as_deref())?,
        };
        session.call::<table::SetUnlockPassphrase>(self, &(), &question)?;
        Ok(Answer::done("unlock passphrase set", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The file with the backup passphrase in force [default: asked for].
    #[arg(long, value_name = "FILE")]
    current_passphrase_file: Option<PathBuf>,

    /// The device has no backup passphrase yet.
    #[arg(long, conflicts_with = "current_passphrase_file")]
    first: bool,

    #[command(flatten)]
    new: NewPassphrase,
}

impl Verb for Backup {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let current = self.current_passphrase_file.as_deref();
        let question = NewBackupPassphrase {
            current_passphrase: match self.first {
                true => Passphrase::new(String::new()),
                false => existing("Backup passphrase in force (empty if none)", current)?,
            },
            new_passphrase: fresh("backup passphrase", self.new.new_passphrase_file.as_deref())?,
        };
        session.call::<table::SetBackupPassphrase>(self, &(), &question)?;
        Ok(Answer::done("backup passphrase set", &[]))
    }
}
