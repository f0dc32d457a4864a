//! Files that are there as a whole or not at all, also after a power cut.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::tree::{MODE, Node, below};

/// Puts `node` at `path` below `root`, with the folders that it takes.
///
/// No folder on the way is a symbolic link: a tree could have one that leads out of it.
pub(crate) fn put(root: &Path, path: &Path, node: &Node) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make(root, folder)?;
    let place = below(root, path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = below(root, folder).join(format!(".{name}.new"));
    remove_any(&temporary)?;
    match node {
        Node::File(text) => {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(MODE)
                .open(&temporary)?;
            file.write_all(text.as_bytes())?;
            // Whatever the umask is.
            file.set_permissions(fs::Permissions::from_mode(MODE))?;
            file.sync_all()?;
        }
        Node::Link(target) => symlink(target, &temporary)?,
        Node::Other => return Err(io::Error::other("there is nothing to put")),
    }
    if place.symlink_metadata().is_ok_and(|there| there.is_dir()) {
        remove_any(&temporary)?;
        return Err(io::Error::other("there is a folder of this name"));
    }
    fs::rename(&temporary, &place)?;
    sync(place.parent())
}

/// Removes what is at `path` below `root`.
pub(crate) fn remove(root: &Path, path: &Path) -> io::Result<()> {
    let place = below(root, path);
    remove_any(&place)?;
    sync(place.parent())
}

fn remove_any(place: &Path) -> io::Result<()> {
    let removed = match place.symlink_metadata() {
        Ok(there) if there.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes `folder` and those above it below `root`, with mode 755.
fn make(root: &Path, folder: &Path) -> io::Result<()> {
    let mut place: PathBuf = root.to_owned();
    for part in folder.strip_prefix("/").unwrap_or(folder) {
        place.push(part);
        match place.symlink_metadata() {
            Ok(there) if there.is_dir() => {}
            Ok(_) => {
                let what = format!("{} is no folder", place.display());
                return Err(io::Error::other(what));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&place)?;
                fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
                sync(place.parent())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn sync(folder: Option<&Path>) -> io::Result<()> {
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
