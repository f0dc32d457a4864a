//! A secret in a file that is written as a whole or not at all.

use std::{
    fmt,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::{
    errno::Errno,
    fcntl::OFlag,
    unistd::{Uid, User, geteuid},
};
use zeroize::Zeroizing;

use super::BadCredential;

/// The most octets of a file with secrets.
const MAX_OCTETS: usize = 64 << 10;

/// What is done to a secret before it rests in a file.
///
/// An implementation promises that `open` gives what `seal` was given, or fails, and that nothing
/// of the secret is seen by other users of the system: not in arguments, not in the environment.
pub trait Wrapping: fmt::Debug + Send + Sync {
    /// What rests in the file.
    fn seal(&self, secret: &[u8]) -> io::Result<Zeroizing<Vec<u8>>>;
    /// The secret again.
    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>>;
    /// Whether those who open the same file do so one after the other.
    fn takes_turns(&self) -> bool {
        false
    }
}

/// Nothing is done: whoever reads the file has the secret. For development.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Wrapping for Plain {
    fn seal(&self, secret: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(secret.to_vec()))
    }

    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(sealed.to_vec()))
    }
}

/// A file with a secret, of one Unix user alone.
#[derive(Clone, Debug)]
pub struct SecretFile {
    path: PathBuf,
    owner: Option<u32>,
    wrapping: Arc<dyn Wrapping>,
}

impl SecretFile {
    /// The file at `path`. It belongs to the user with the ID `owner`; without one, to whoever asks.
    pub fn new(path: impl Into<PathBuf>, owner: Option<u32>, wrapping: Arc<dyn Wrapping>) -> Self {
        Self {
            path: path.into(),
            owner,
            wrapping,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same kind of file at the same place with `suffix` behind its name.
    pub fn beside(&self, suffix: &str) -> Self {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        Self {
            path: path.into(),
            ..self.clone()
        }
    }

    /// The secret, `None` if there is no such file.
    ///
    /// Refuses symbolic links, what others can read, and what belongs to somebody else.
    pub fn read_secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, BadCredential> {
        let mut file = match own(&self.path, self.owner) {
            Err(BadCredential::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            file => file?,
        };
        if self.wrapping.takes_turns() {
            // Until the file is closed.
            file.lock()?;
        }
        let sealed = content(&mut file, MAX_OCTETS)?;
        Ok(Some(self.wrapping.open(&sealed)?))
    }

    /// Stores a secret in place of what is there. When this returns, it outlives a power failure;
    /// if it does not return, the old one is still there.
    ///
    /// Fails if the secret could not be had again: sealed it has more than 64 KiB, or does not open.
    pub fn write_secret(&self, secret: &[u8]) -> Result<(), BadCredential> {
        let sealed = self.wrapping.seal(secret)?;
        if sealed.len() > MAX_OCTETS {
            return Err(BadCredential::TooLong);
        }
        if *self.wrapping.open(&sealed)? != *secret {
            return Err(BadCredential::OpensAsAnother);
        }
        let folder = self.folder();
        let mut file = tempfile::Builder::new()
            .prefix(".credential-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder)?;
        if let Some(owner) = self.owner.filter(|owner| *owner != geteuid().as_raw()) {
            // Its group as well, as whoever sets up the host has it.
            let user = User::from_uid(Uid::from_raw(owner)).map_err(io::Error::from)?;
            let group = user.map(|user| user.gid.as_raw());
            fchown(file.as_file(), Some(owner), group)?;
        }
        file.write_all(&sealed)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        sync(folder)
    }

    /// Puts the file in place of `other`, durably. That it is not there is no error.
    pub fn replace(&self, other: &Self) -> Result<(), BadCredential> {
        gone(fs::rename(&self.path, &other.path))?;
        sync(self.folder())
    }

    /// Removes the file. That it is not there is no error.
    pub fn remove(&self) -> Result<(), BadCredential> {
        gone(fs::remove_file(&self.path))?;
        sync(self.folder())
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn sync(folder: &Path) -> Result<(), BadCredential> {
    Ok(File::open(folder)?.sync_all()?)
}

/// All of a file that only `owner` can read, if it has at most `most` octets.
pub(super) fn octets(
    path: &Path,
    owner: Option<u32>,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, BadCredential> {
    content(&mut own(path, owner)?, most)
}

/// A file that only `owner` can read; without one, who asks.
fn own(path: &Path, owner: Option<u32>) -> Result<File, BadCredential> {
    let no_link = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(no_link.bits())
        .open(path);
    let file = match opened {
        Err(error) if error.raw_os_error().map(Errno::from_raw) == Some(Errno::ELOOP) => {
            return Err(BadCredential::Link);
        }
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(BadCredential::NotAFile);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(BadCredential::Mode(mode));
    }
    let asking = geteuid();
    let is_own = match owner {
        Some(owner) => metadata.uid() == owner,
        None => asking.is_root() || metadata.uid() == asking.as_raw(),
    };
    if !is_own {
        return Err(BadCredential::Owner(metadata.uid()));
    }
    Ok(file)
}

/// All of `file`, if it has at most `most` octets.
fn content(file: &mut File, most: usize) -> Result<Zeroizing<Vec<u8>>, BadCredential> {
    if usize::try_from(file.metadata()?.size()).is_ok_and(|size| size > most) {
        return Err(BadCredential::Content);
    }
    // All the room at once: a buffer that grows leaves copies of the secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(most + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}
