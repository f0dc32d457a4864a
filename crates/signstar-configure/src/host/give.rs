//! A file with a passphrase that somebody else reads from now on.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::Path,
};

use nix::{
    fcntl::OFlag,
    unistd::{Group, User},
};

use super::accounts::{Entry, Kind};

/// Gives the file to its user, if it is there and a secret.
///
/// systemd-tmpfiles(8) does not go from a folder of one user to a file of another, which is where a
/// file is whose reader has changed. This does, if nobody but `root` can have put another folder in
/// the place of that one, and the file has no other name.
pub(super) fn to_its_reader(entry: &Entry) -> io::Result<()> {
    if entry.kind != Kind::File || entry.mode & 0o077 != 0 || !is_in_its_place(&entry.path) {
        return Ok(());
    }
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(&entry.path)
    {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() != 1 {
        return Err(io::Error::other("it is no file with one name"));
    }
    let user = User::from_name(&entry.user)?.map(|user| user.uid.as_raw());
    let group = Group::from_name(&entry.group)?.map(|group| group.gid.as_raw());
    fchown(&file, user, group)?;
    file.set_permissions(Permissions::from_mode(entry.mode))
}

/// Whether the folder of `path` is a folder, and those above it are of `root` alone.
fn is_in_its_place(path: &Path) -> bool {
    let mut above = path.ancestors().skip(1);
    let is_folder = |folder: &Path| fs::symlink_metadata(folder).is_ok_and(|there| there.is_dir());
    let of_root = |folder: &Path| {
        fs::symlink_metadata(folder)
            .is_ok_and(|there| there.is_dir() && there.uid() == 0 && there.mode() & 0o022 == 0)
    };
    above.next().is_some_and(is_folder) && above.all(of_root)
}
