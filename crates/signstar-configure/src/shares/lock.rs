//! One ceremony at a time.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
};

use nix::fcntl::{Flock, FlockArg};
use signstar::config::Config;

use super::SharesError;

/// The right to change shares and HSMs, until it is dropped. It is the lock of `hsm apply`.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

/// Makes the folder of administrative credentials, for this user alone, and holds its lock.
pub(super) fn lock(config: &Config) -> Result<Lock, SharesError> {
    let administration = config.administration.as_ref();
    let folder = &administration.ok_or(SharesError::NotInShares)?.folder;
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)))
        .map_err(SharesError::file(folder))?;
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(SharesError::file(&path))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map(Lock)
        .map_err(|_| SharesError::Busy(path))
}
