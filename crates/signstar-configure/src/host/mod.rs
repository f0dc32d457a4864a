//! The host, brought to what the configuration says.
//!
//! Observe, compute the difference as a value, show it, apply it.

mod accounts;
mod apply;
mod change;
mod files;
mod firewall;
mod give;
mod login;
mod passwd;
mod plan;
mod reload;
mod sshd;
mod sshd_check;
mod target;
mod tree;
mod units;

use std::path::Path;

pub use change::{Change, Written};
pub use plan::Leavers;
pub use target::Target;

use crate::{Error, configuration, journal::Journal};

/// What has to be done so that `target` is as the configuration says. Nothing is changed.
///
/// `config` is the configuration to use in place of the usual one; it is then part of what is to
/// be on the host.
pub fn plan(
    config: Option<&Path>,
    target: &Target,
    leavers: Leavers,
) -> Result<Vec<Change>, Error> {
    let (text, parsed) = configuration::for_host(config)?;
    plan::plan(&parsed, config.map(|_| &*text), target, leavers)
}

/// Does that, and calls `said` with each change before anything is done. Only one process at a
/// time may.
pub fn apply(
    config: Option<&Path>,
    target: &Target,
    leavers: Leavers,
    said: impl FnOnce(&[Change]),
) -> Result<(), Error> {
    let (text, parsed) = configuration::for_host(config)?;
    let _lock = target.lock()?;
    let changes = plan::plan(&parsed, config.map(|_| &*text), target, leavers)?;
    said(&changes);
    let mut journal = Journal::open_for(&parsed.journal, target)?;
    apply::apply(&parsed, target, &changes, &mut journal)
}
