//! Shares in clear, in memory that is gone when the host is switched off.

use std::{fs, io, path::Path};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use signstar_shares::Share;

use super::{
    file::{self, Access, erase, erase_folder, open_of, secret},
    layout::Layout,
    set::Set,
};

/// What is there of the shares of one set.
pub(super) struct Uploads {
    /// Right ones, with their holders.
    pub(super) shares: Vec<(String, Share)>,
    /// Holders whose uploads are no good, and why.
    pub(super) bad: Vec<(String, String)>,
}

/// Fails unless what is written at `path` stays in memory.
pub(super) fn must_be_volatile(path: &Path) -> io::Result<()> {
    match statfs(path)?.filesystem_type() {
        TMPFS_MAGIC => Ok(()),
        _ => Err(io::Error::other("it is not on a tmpfs")),
    }
}

/// Puts the share of this process's own user there. It takes the place of an earlier one.
pub(super) fn put(folder: &Path, share: &Share) -> io::Result<()> {
    must_be_volatile(folder)?;
    let text = share.to_text();
    let path = folder.join(share.set_id().to_string());
    file::write(&path, text.expose().as_bytes(), Access::PRIVATE)
}

/// Looks for the shares of `set`. Only what is right is taken: the share that this very holder has,
/// in a file of this holder alone.
pub(super) fn look(layout: &Layout, set: &Set) -> Uploads {
    let mut found = Uploads {
        shares: Vec::new(),
        bad: Vec::new(),
    };
    for held in &set.register.holders {
        match of(layout, set, &held.holder) {
            Ok(Some(share)) => found.shares.push((held.holder.clone(), share)),
            Ok(None) => {}
            Err(why) => found.bad.push((held.holder.clone(), why)),
        }
    }
    found
}

fn of(layout: &Layout, set: &Set, holder: &str) -> Result<Option<Share>, String> {
    let Some(owner) = layout.owner(holder) else {
        return Ok(None);
    };
    let path = layout.upload(holder).join(set.id());
    let opened = open_of(&path, owner).map_err(|error| error.to_string())?;
    let Some(opened) = opened else {
        return Ok(None);
    };
    let octets = secret(opened).map_err(|error| error.to_string())?;
    let octets = octets.ok_or("it is too long for a share")?;
    let text = std::str::from_utf8(&octets).map_err(|_| "it is no text")?;
    let share = Share::read(text).map_err(|error| error.to_string())?;
    match set.is_share_of(holder, &share.receipt()) {
        true => Ok(Some(share)),
        false => Err("it is not the share of this holder".to_owned()),
    }
}

/// Erases all uploads, but those for the sets in `kept`, where there are such, and what is just being
/// uploaded.
pub(super) fn erase_all(layout: &Layout, kept: &[String]) -> io::Result<()> {
    let folders = match fs::read_dir(layout.volatile()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folders => folders?,
    };
    for folder in folders {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        let holder = folder.file_name().to_string_lossy().into_owned();
        let Some(owner) = layout.owner(&holder) else {
            let metadata = folder.metadata()?;
            let left = super::layout::Owner {
                uid: std::os::unix::fs::MetadataExt::uid(&metadata),
                gid: std::os::unix::fs::MetadataExt::gid(&metadata),
            };
            erase_folder(&folder.path(), left)?;
            continue;
        };
        for entry in fs::read_dir(folder.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_kept = kept.contains(&name);
            let is_coming = !kept.is_empty() && name.starts_with(file::UNFINISHED);
            if !is_kept && !is_coming {
                erase(&entry.path(), owner)?;
            }
        }
    }
    Ok(())
}
