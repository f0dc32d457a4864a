//! The first start of a device.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use nethsm::time::DeviceTime;
use nethsm::{system, table};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::passphrase::fresh;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Provision {
    /// The file with the passphrase that will unlock the device [default: asked for twice].
    #[arg(long, value_name = "FILE")]
    unlock_passphrase_file: Option<PathBuf>,

    /// The file with the passphrase of the user admin [default: asked for twice].
    #[arg(long, value_name = "FILE")]
    admin_passphrase_file: Option<PathBuf>,

    /// The time to set, like 2026-01-31T12:00:00Z [default: that of this machine].
    #[arg(long, value_name = "TIME")]
    time: Option<DeviceTime>,
}

impl Verb for Provision {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let unlock = self.unlock_passphrase_file.as_deref();
        let admin = self.admin_passphrase_file.as_deref();
        let question = system::Provision {
            unlock_passphrase: fresh("unlock passphrase", unlock)?,
            admin_passphrase: fresh("passphrase of admin", admin)?,
            system_time: self.time.unwrap_or_else(|| DeviceTime(Timestamp::now())),
        };
        session.call::<table::ProvisionDevice>(self, &(), &question)?;
        Ok(Answer::done("provisioned", &[]))
    }
}
