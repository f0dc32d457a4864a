//! A file as the enclave will know it: its SHA-512, and what it looked like meanwhile.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    ops::ControlFlow,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha512};
use signstar::request::{
    AllegedName, Output, OutputType, Request, RequestId, Salt, Sha512State, Version,
};

use crate::{Error, NameSalt};

/// Octets that are read at once (1 MiB). This is all that is ever held of a file.
const CHUNK: usize = 1 << 20;

/// What was hashed, and how to tell whether it is still the same.
#[derive(Clone, Debug)]
pub struct Hashed {
    state: Sha512State,
    salt: Option<Salt>,
    stamp: Option<Stamp>,
}

/// Whoever watched the hashing wants it to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cancelled;

/// What changes when a file does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Hashed {
    /// Hashes the regular file at `path` once from beginning to end.
    ///
    /// Fails if the file cannot be read, is not a regular file, has 1 PiB or more, or changes
    /// meanwhile.
    pub fn file(path: &Path) -> Result<Self, Error> {
        Self::watched(path, None, |_| ControlFlow::Continue(()))?
            .map_err(|Cancelled| Error::read(path, io::ErrorKind::Interrupted.into()))
    }

    /// The same with `salt` before the file, as OpenPGP version 6 has it.
    pub fn salted(path: &Path, salt: &Salt) -> Result<Self, Error> {
        Self::watched(path, Some(salt), |_| ControlFlow::Continue(()))?
            .map_err(|Cancelled| Error::read(path, io::ErrorKind::Interrupted.into()))
    }

    /// The same, while `watch` is told the octets of every chunk and can end it; then there is
    /// no error and no result.
    pub fn watched(
        path: &Path,
        salt: Option<&Salt>,
        watch: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Result<Self, Cancelled>, Error> {
        // Looked at before it is opened: opening a named pipe may wait forever.
        check_kind(path, &metadata(path)?)?;
        let mut file = File::open(path).map_err(|source| Error::read(path, source))?;
        let before = file
            .metadata()
            .map_err(|source| Error::read(path, source))?;
        check_kind(path, &before)?;

        let Ok(state) = hash(&mut file, path, salt, watch)? else {
            return Ok(Err(Cancelled));
        };
        let stamp = Stamp::of(&before);
        let hashed = Self {
            state,
            salt: salt.copied(),
            stamp: Some(stamp),
        };
        hashed.check_unchanged(path)?;
        if hashed.length() != stamp.size {
            return Err(Error::Changed(path.to_owned()));
        }
        Ok(Ok(hashed))
    }

    /// Hashes everything that `reader` gives. `name` is what errors call it.
    pub fn reader(reader: impl Read, name: &Path) -> Result<Self, Error> {
        match hash(reader, name, None, |_| ControlFlow::Continue(()))? {
            Ok(state) => Ok(Self {
                state,
                salt: None,
                stamp: None,
            }),
            Err(Cancelled) => Err(Error::read(name, io::ErrorKind::Interrupted.into())),
        }
    }

    /// Fails if the file at `path` is no longer the one that was hashed: another file, another
    /// size or another time of modification.
    pub fn check_unchanged(&self, path: &Path) -> Result<(), Error> {
        match self.stamp {
            Some(stamp) if stamp != Stamp::of(&metadata(path)?) => {
                Err(Error::Changed(path.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The octets of the file.
    pub fn length(&self) -> u64 {
        let salt = self.salt.map_or(0, |salt| salt.as_octets().len());
        let salt = u64::try_from(salt).unwrap_or(u64::MAX);
        self.state.length().saturating_sub(salt)
    }

    /// The SHA-512, still open at its end, of the salt if there is one and of the file.
    pub fn state(&self) -> &Sha512State {
        &self.state
    }

    /// The request for a signature of the kind `output` over what was hashed, which is said to be
    /// called as the last part of `path`: one line of JSON without a line feed.
    ///
    /// No name is alleged for a `path` whose last part is not UTF-8 or has control characters.
    /// Version 6 of OpenPGP is asked for if, and only if, there is a salt.
    pub fn request(&self, output: OutputType, path: Option<&Path>) -> String {
        self.request_as(output, path, None, None)
    }

    /// The salt that was hashed before the file.
    pub(crate) fn salt(&self) -> Option<&Salt> {
        self.salt.as_ref()
    }

    /// The same; with an `id` it calls itself so and asks for a proof that the signature is in the
    /// log, and with a `name_salt` the log can keep a commitment to the name in its place.
    pub(crate) fn request_as(
        &self,
        output: OutputType,
        path: Option<&Path>,
        id: Option<&RequestId>,
        name_salt: Option<&NameSalt>,
    ) -> String {
        let name = path
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .and_then(AllegedName::new);
        let output = match (self.salt, output) {
            (Some(salt), _) => Output::OpenPgpV6(salt),
            (None, OutputType::Ssh) => Output::Ssh,
            (None, OutputType::Raw) => Output::Raw,
            (None, OutputType::OpenPgpV4Text) => Output::OpenPgpV4Text,
            (None, OutputType::OpenPgpV4 | OutputType::OpenPgpV6) => Output::OpenPgpV4,
        };
        let request = Request::new(self.state.clone(), output, name.clone())
            // A salt that is not the one that was hashed cannot be here.
            .unwrap_or_else(|_| Request::open_pgp_v4(self.state.clone(), name));
        let request = match (id, &self.salt) {
            (None, _) => request,
            (Some(id), None) => request.with_id(id.clone()).with_proof(),
            // Another salt makes another signature, so it needs another id.
            (Some(id), Some(salt)) => {
                let salt = RequestId::new(&HEXLOWER.encode(salt.as_octets()));
                request.with_id(salt.unwrap_or(id.clone())).with_proof()
            }
        };
        let request = match name_salt {
            Some(salt) => request.with_name_salt(*salt.as_octets()),
            None => request,
        };
        match request.version() {
            Version::V1_0 => request,
            Version::V1_1 => request.with_progress(),
        }
        .to_json(now())
    }
}

/// Seconds since 1970-01-01 00:00 UTC.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn metadata(path: &Path) -> Result<Metadata, Error> {
    path.metadata().map_err(|source| Error::read(path, source))
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if metadata.is_dir() {
        Err(Error::Folder(path.to_owned()))
    } else if !metadata.is_file() {
        Err(Error::Special(path.to_owned()))
    } else {
        Ok(())
    }
}

fn hash(
    mut reader: impl Read,
    path: &Path,
    salt: Option<&Salt>,
    mut watch: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Result<Sha512State, Cancelled>, Error> {
    let mut hasher = Sha512::new();
    if let Some(salt) = salt {
        hasher.update(salt.as_octets());
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(Error::read(path, source)),
        };
        hasher.update(chunk.get(..read).unwrap_or_default());
        if watch(u64::try_from(read).unwrap_or_default()).is_break() {
            return Ok(Err(Cancelled));
        }
    }
    let state = Sha512State::from_hasher(&hasher).map_err(|source| Error::TooLong {
        path: path.to_owned(),
        source,
    })?;
    Ok(Ok(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_replaced_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "one").expect("written");
        let hashed = Hashed::file(&path).expect("readable");
        hashed.check_unchanged(&path).expect("unchanged");
        let other = folder.path().join("other");
        std::fs::write(&other, "two").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        assert!(matches!(
            hashed.check_unchanged(&path),
            Err(Error::Changed(_))
        ));
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; CHUNK * 3]).expect("written");
        let grow = |_| {
            let mut file = File::options().append(true).open(&path).expect("opened");
            io::Write::write_all(&mut file, b"x").expect("written");
            ControlFlow::Continue(())
        };
        let mut once = Some(grow);
        let outcome = Hashed::watched(&path, None, |octets| {
            once.take()
                .map_or(ControlFlow::Continue(()), |grow| grow(octets))
        });
        assert!(matches!(outcome, Err(Error::Changed(_))), "{outcome:?}");
    }

    #[test]
    fn hashing_can_be_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; CHUNK * 3]).expect("written");
        let mut chunks = 0;
        let outcome = Hashed::watched(&path, None, |_| {
            chunks += 1;
            ControlFlow::Break(())
        });
        assert_eq!(outcome.expect("readable").err(), Some(Cancelled));
        assert_eq!(chunks, 1);
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(Hashed::file(folder.path()), Err(Error::Folder(_))));
        assert!(matches!(
            Hashed::file(Path::new("/dev/null")),
            Err(Error::Special(_))
        ));
    }

    #[test]
    fn a_name_that_cannot_be_alleged_is_left_out() {
        let hashed = Hashed::reader(&b"abc"[..], Path::new("-")).expect("readable");
        assert!(
            hashed
                .request(OutputType::OpenPgpV4, Some(Path::new("a/b.iso")))
                .contains("\"b.iso\"")
        );
        assert!(
            !hashed
                .request(OutputType::OpenPgpV4, Some(Path::new("a\nb")))
                .contains("file-name")
        );
        assert!(
            !hashed
                .request(OutputType::OpenPgpV4, None)
                .contains("file-name")
        );
    }
}
