//! HSMs brought to what the configuration says, with passphrases that nobody has to know.

mod administrators;
mod backups;
mod drill;
mod entry;
mod error;
mod files;
mod known;
mod leftovers;
mod meant;
mod places;
mod plan;
mod run;
mod token;
mod told;
mod users;
mod wanted;
mod yubihsm;

use std::{io::Write, path::PathBuf};

use signstar::config::HsmName;

pub use error::HsmError;
pub(crate) use yubihsm::Backup as YubiHsmBackup;

use crate::shares::Patience;

/// What all of these commands need.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The configuration, if not the usual one.
    pub config: Option<PathBuf>,
    /// The HSM, if not all of them.
    pub hsm: Option<HsmName>,
    /// The SHA-256 of certificates of devices that were never seen, as somebody has compared them
    /// with the devices; in hexadecimal.
    pub trust_new: Vec<String>,
    /// Whether users are deleted that the configuration does not name.
    pub remove_users: bool,
    /// How long holders of shares are waited for, where the credentials are in shares.
    pub patience: Patience,
}

/// How a plan is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: an object with a plan for each HSM.
    Json,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Everything is as it is to be.
    Done,
    /// There is something to do.
    Pending,
}

/// Tells what is to be done, and does nothing.
pub fn plan(scope: &Scope, form: Form, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::plan(scope, form, out)
}

/// Does it, tells each change, and makes a backup if there was any.
pub fn apply(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::apply(scope, out)
}

/// Gives new passphrases to the users of HSMs that sign, make backups and read metrics, or to those
/// in `users` only.
pub fn rotate(scope: &Scope, users: &[String], out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::rotate(scope, users, out)
}

/// Gives the devices new administrative credentials: of all administrators, of backups, and what
/// unlocks them. Makes a backup, since those before open with the old passphrase only.
pub fn rotate_administrators(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::rotate_administrators(scope, out)
}

/// Makes a backup and keeps it with those of the user that downloads backups.
pub fn backup(scope: &Scope, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::backup(scope, out)
}

/// Restores `backup` on the device with the address `device`.
pub fn restore(
    scope: &Scope,
    device: &str,
    backup: &std::path::Path,
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    run::restore(scope, device, backup, out)
}

/// Reads the logs of HSMs that keep one until it is read; with `follow` again and again. [`Outcome::Pending`]
/// if entries are missing.
pub fn audit(scope: &Scope, follow: bool, out: &mut dyn Write) -> Result<Outcome, HsmError> {
    run::audit(scope, follow, out)
}

/// Restores a backup, the newest if none is named, into a software HSM that is thrown away, and
/// signs with every key to prove that it is good.
pub fn verify_backup(
    scope: &Scope,
    backup: Option<&std::path::Path>,
    out: &mut dyn Write,
) -> Result<Outcome, HsmError> {
    run::verify_backup(scope, backup, out)
}
