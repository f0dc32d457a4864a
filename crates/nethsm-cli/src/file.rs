//! Files that are read, and files that are there completely or not at all.

use std::cell::Cell;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use nethsm::client::Error as DeviceError;
use serde_json::json;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::answer::{Answer, to_stdout};
use crate::failure::Failure;
use crate::interrupt::{kept, remove_if_interrupted};

/// Where to put what comes back.
#[derive(Args, Debug)]
pub(crate) struct Out {
    /// Write into this file, atomically; `-` is standard output [default: show as text].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Readers {
    /// Whoever may read new files of this user.
    Usual,
    /// Its owner.
    Owner,
}

impl Out {
    /// Delivers bytes: as they are into a file or to `-`, else shown as base64.
    pub(crate) fn octets(
        &self,
        name: &str,
        octets: &[u8],
        readers: Readers,
    ) -> Result<Answer, Failure> {
        self.deliver(octets, readers, || Answer::octets(name, octets))
    }

    /// Delivers text such as PEM.
    pub(crate) fn text(&self, name: &str, text: &str) -> Result<Answer, Failure> {
        self.deliver(text.as_bytes(), Readers::Usual, || {
            Answer::lines(name, text)
        })
    }

    fn deliver(
        &self,
        octets: &[u8],
        readers: Readers,
        shown: impl FnOnce() -> Answer,
    ) -> Result<Answer, Failure> {
        match &self.out {
            None => Ok(shown()),
            Some(path) if is_dash(path) => to_stdout(octets).map(|()| Answer::gone()),
            Some(path) => {
                let mut file = NewFile::create(path, readers)?;
                file.write_all(octets)
                    .map_err(|cause| Failure::file("write", path, &cause))?;
                file.keep()?;
                Ok(written(
                    path,
                    u64::try_from(octets.len()).unwrap_or(u64::MAX),
                ))
            }
        }
    }
}

/// Says that a file was written.
pub(crate) fn written(path: &Path, length: u64) -> Answer {
    let path = path.display().to_string();
    let text = format!("written: {path}, {length} bytes");
    Answer::told(
        json!({ "done": "written", "file": path, "bytes": length }),
        text,
    )
}

/// A file that gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    /// Begins to write what will be at `path`; nothing is there before [`NewFile::keep`].
    pub(crate) fn create(path: &Path, readers: Readers) -> Result<Self, Failure> {
        let mode = match readers {
            Readers::Usual => 0o666,
            Readers::Owner => 0o600,
        };
        let file = tempfile::Builder::new()
            .prefix(".nethsm-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder(path))
            .map_err(|cause| Failure::file("write", path, &cause))?;
        remove_if_interrupted(file.path());
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Gives the file its name, in place of what was there.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let Self { file, path } = self;
        let part = file.path().to_owned();
        let keep = || {
            file.as_file().sync_all()?;
            kept(&part, || file.persist(&path)).map_err(|error| error.error)?;
            File::open(folder(&path))?.sync_all()
        };
        keep().map_err(|cause| Failure::file("write", &path, &cause))
    }
}

impl Write for NewFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.file.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether standard input or output is meant.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens a file for reading; `-` is standard input.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if is_dash(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|cause| Failure::file("read", path, &cause))?;
    Ok(Box::new(file))
}

/// A file to be sent, from its start every time. Standard input can be sent once.
pub(crate) struct Sendable<'a> {
    path: &'a Path,
    opened: Cell<Option<Box<dyn Read>>>,
}

impl<'a> Sendable<'a> {
    /// Sees that the file can be read.
    pub(crate) fn open(path: &'a Path) -> Result<Self, Failure> {
        Ok(Self {
            path,
            opened: Cell::new(Some(open(path)?)),
        })
    }

    /// The whole content.
    pub(crate) fn whole(&self) -> Result<Box<dyn Read>, DeviceError> {
        let opened = match self.opened.take() {
            Some(opened) => Ok(opened),
            None if is_dash(self.path) => {
                Err(io::Error::other("standard input cannot be read twice"))
            }
            None => File::open(self.path).map(|file| -> Box<dyn Read> { Box::new(file) }),
        };
        opened.map_err(|source| DeviceError::Local { source })
    }
}

/// The length of a file, if that is known before it is read.
pub(crate) fn length(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// Reads a file of at most `most` bytes; `-` is standard input. What was read is erased when
/// dropped: it may be a private key.
pub(crate) fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Room for all of it: growing would leave copies behind.
    let known = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let room = usize::try_from(known.min(most)).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(room.max(8192) + 1));
    open(path)?
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(|cause| Failure::file("read", path, &cause))?;
    if u64::try_from(content.len()).is_ok_and(|length| length > most) {
        return Err(Failure::local(
            format!("{} is larger than {most} bytes", path.display()),
            "the device would not take it",
        ));
    }
    Ok(content)
}

/// Reads a text.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let content = read(path, 1 << 20)?;
    match std::str::from_utf8(&content) {
        Ok(text) => Ok(text.to_owned()),
        Err(cause) => Err(Failure::file("read", path, &cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_complete_or_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let mut file = NewFile::create(&path, Readers::Owner).expect("created");
        file.write_all(b"half").expect("written");
        drop(file);
        assert_eq!(folder.path().read_dir().expect("read").count(), 0);

        let mut file = NewFile::create(&path, Readers::Owner).expect("created");
        file.write_all(b"whole").expect("written");
        file.keep().expect("kept");
        assert_eq!(fs::read(&path).expect("read"), b"whole");
        let mode = path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("in");
        fs::write(&path, b"12345").expect("written");
        assert_eq!(read(&path, 5).expect("read").as_slice(), b"12345");
        read(&path, 4).expect_err("too large");
    }
}
