//! Locking and unlocking the device.

use std::path::PathBuf;

use clap::Args;
use nethsm::{system, table};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::passphrase::existing;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Lock;

impl Verb for Lock {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::LockDevice>(self, &(), &())?;
        Ok(Answer::done("locked", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Unlock {
    /// The file with the unlock passphrase [default: asked for].
    #[arg(long, value_name = "FILE")]
    unlock_passphrase_file: Option<PathBuf>,
}

impl Verb for Unlock {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = self.unlock_passphrase_file.as_deref();
        let passphrase = existing("Unlock passphrase", file)?;
        session.call::<table::UnlockDevice>(self, &(), &system::Unlock { passphrase })?;
        Ok(Answer::done("unlocked", &[]))
    }
}
