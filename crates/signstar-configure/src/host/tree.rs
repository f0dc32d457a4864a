//! Files as they are to be, below a root.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use nix::unistd::Uid;

/// What is at a path. All of it belongs to `root`, in a tree to whoever makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Node {
    /// A file with mode 644.
    File(String),
    /// A symbolic link.
    Link(PathBuf),
    /// Something else, or a file with another mode or owner or no text: it has to go.
    Other,
}

/// Paths from the root on, and what is there.
pub(crate) type Tree = BTreeMap<PathBuf, Node>;

/// The mode of every file. None of them is secret.
pub(crate) const MODE: u32 = 0o644;

/// What is at `path` below `root`; nothing if there is nothing.
pub(crate) fn observe(root: &Path, path: &Path) -> io::Result<Option<Node>> {
    let place = below(root, path);
    let metadata = match fs::symlink_metadata(&place) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(if metadata.is_symlink() {
        Node::Link(fs::read_link(&place)?)
    } else if metadata.is_file()
        && metadata.permissions().mode() & 0o7777 == MODE
        && metadata.uid() == Uid::effective().as_raw()
    {
        fs::read_to_string(&place).map_or(Node::Other, Node::File)
    } else {
        Node::Other
    }))
}

/// The names of what is in the folder at `path` below `root`; none if there is no such folder.
pub(crate) fn names(root: &Path, path: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(below(root, path)) {
        Ok(entries) => entries
            .map(|entry| Ok(path.join(entry?.file_name())))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Where `path` is below `root`.
pub(crate) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
