//! Files that are there as a whole or not at all, and files that are erased.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown},
    path::Path,
};

use nix::fcntl::OFlag;
use zeroize::Zeroizing;

use super::layout::Owner;

/// The most octets of an upload (spec/ceremony.md, Upload).
pub(super) const MAX_UPLOAD: usize = 4096;

/// How the names of files begin that are not whole yet.
pub(super) const UNFINISHED: &str = ".new-";

/// What becomes of a file that is written, or of a folder that is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) mode: u32,
    /// The user and the group that it is of, if not those of this process.
    pub(super) of: (Option<u32>, Option<u32>),
}

impl Access {
    /// For this user alone.
    pub(super) const PRIVATE: Self = Self {
        mode: 0o600,
        of: (None, None),
    };
}

/// Writes a file as a whole and durably, or not at all.
pub(super) fn write(path: &Path, octets: &[u8], access: Access) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    file.write_all(octets)?;
    let (user, group) = access.of;
    if user.is_some() || group.is_some() {
        fchown(file.as_file(), user, group)?;
    }
    // Whatever the umask is.
    let mode = Permissions::from_mode(access.mode);
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder)
}

/// Makes a folder, or sets what is there as it is to be. A symbolic link is refused.
pub(super) fn folder(path: &Path, access: Access) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other("it is no folder"));
    }
    let (user, group) = access.of;
    if user.is_some_and(|user| user != metadata.uid())
        || group.is_some_and(|group| group != metadata.gid())
    {
        chown(path, user, group)?;
    }
    if metadata.permissions().mode() & 0o7777 != access.mode {
        fs::set_permissions(path, Permissions::from_mode(access.mode))?;
    }
    Ok(())
}

/// Makes a folder and those above it that are missing, so that everybody can go through them.
pub(super) fn way_to(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), way_to)?;
    let access = Access {
        mode: 0o755,
        ..Access::PRIVATE
    };
    folder(path, access)
}

/// The text of a file; `None` if there is none.
pub(super) fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// All of `source`, of at most [`MAX_UPLOAD`] octets, in memory that is erased. `None`: it is longer.
pub(super) fn secret(source: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // All of it at once: a buffer that grows leaves copies behind.
    let mut octets = Zeroizing::new(vec![0; MAX_UPLOAD + 1]);
    let mut source = source;
    let mut length = 0;
    loop {
        let rest = octets.get_mut(length..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        match source.read(rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    octets.truncate(length);
    Ok(Some(octets))
}

/// Opens what `owner` has put at `path`; `None` if nothing is there. Anything but a regular file of
/// that user alone is refused.
pub(super) fn open_of(path: &Path, owner: Owner) -> io::Result<Option<File>> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    let wrong = if !metadata.is_file() {
        "it is no regular file"
    } else if metadata.uid() != owner.uid {
        "it belongs to somebody else"
    } else if metadata.nlink() != 1 {
        "it has a second name"
    } else if metadata.permissions().mode() & 0o077 != 0 {
        "others may read it"
    } else {
        return Ok(Some(file));
    };
    Err(io::Error::other(wrong))
}

/// Overwrites a file and removes it; that it is not there is no error. What is no regular file of
/// `owner` alone is removed only.
pub(super) fn erase(path: &Path, owner: Owner) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        return fs::remove_dir_all(path);
    }
    let opened = OpenOptions::new()
        .write(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path);
    if let Ok(mut file) = opened {
        let there = file.metadata()?;
        if there.is_file() && there.uid() == owner.uid && there.nlink() == 1 {
            let zeros = [0; MAX_UPLOAD];
            let mut left = there.len().min(1 << 20);
            while left > 0 {
                let part = usize::try_from(left).unwrap_or(MAX_UPLOAD).min(MAX_UPLOAD);
                file.write_all(zeros.get(..part).unwrap_or_default())?;
                left -= u64::try_from(part).unwrap_or(left);
            }
            file.sync_all()?;
        }
    }
    fs::remove_file(path)
}

/// Overwrites all files of a folder, and removes it with them; that it is not there is no error.
pub(super) fn erase_folder(path: &Path, owner: Owner) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        erase(&entry?.path(), owner)?;
    }
    fs::remove_dir(path)
}

/// What was done in a folder outlives a power failure.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::unistd::{Gid, Uid};

    use super::*;

    fn myself() -> Owner {
        Owner {
            uid: Uid::effective().as_raw(),
            gid: Gid::effective().as_raw(),
        }
    }

    #[test]
    fn what_is_longer_than_an_upload_is_not_taken() {
        let long = vec![b'x'; MAX_UPLOAD + 1];
        assert!(secret(&long[..]).expect("readable").is_none());
        let taken = secret(&long[1..]).expect("readable").expect("short enough");
        assert_eq!(*taken, long[1..]);
    }

    #[test]
    fn only_a_file_of_its_owner_alone_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let opened = |name: &str| open_of(&at(name), myself());
        assert!(opened("none").expect("no error").is_none());
        write(&at("good"), b"good", Access::PRIVATE).expect("written");
        assert!(opened("good").expect("opened").is_some());
        symlink(at("good"), at("link")).expect("linked");
        opened("link").expect_err("a link");
        fs::hard_link(at("good"), at("second")).expect("linked");
        assert!(opened("good").is_err_and(|error| error.to_string().contains("second name")));
        fs::remove_file(at("second")).expect("removed");
        fs::set_permissions(at("good"), Permissions::from_mode(0o640)).expect("set");
        assert!(opened("good").is_err_and(|error| error.to_string().contains("others")));
        let stranger = Owner {
            uid: myself().uid + 1,
            gid: 0,
        };
        let refused = open_of(&at("good"), stranger);
        assert!(refused.is_err_and(|error| error.to_string().contains("somebody else")));
    }

    #[test]
    fn what_is_erased_is_overwritten_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        write(&at("secret"), b"secret", Access::PRIVATE).expect("written");
        let kept = File::open(at("secret")).expect("opened");
        erase(&at("secret"), myself()).expect("erased");
        let left = secret(kept).expect("readable").expect("short");
        assert_eq!(*left, [0; 6]);
        assert!(!at("secret").exists());

        write(&at("other"), b"other", Access::PRIVATE).expect("written");
        symlink(at("other"), at("link")).expect("linked");
        fs::create_dir(at("folder")).expect("made");
        for name in ["link", "folder", "none"] {
            erase(&at(name), myself()).expect("erased");
        }
        assert_eq!(fs::read(at("other")).expect("there"), b"other");
    }
}
