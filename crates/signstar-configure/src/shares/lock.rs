//! One ceremony, and one change of HSMs, at a time.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
};

use nix::fcntl::{Flock, FlockArg};
use signstar::config::Administration;

use super::SharesError;

/// The right to change shares and HSMs, until it is dropped. There is one for both.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

/// Makes the folder of administrative credentials, for this user alone, and holds its lock.
pub(crate) fn lock(administration: &Administration) -> Result<Lock, SharesError> {
    let folder = &administration.folder;
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
