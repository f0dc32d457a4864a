//! The devices that this host has seen.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{HsmError, leftovers::PREFIX};

/// The SHA-256 of the certificates of devices by their addresses, a line for each: `URL SHA256`.
#[derive(Debug)]
pub(super) struct Known {
    path: PathBuf,
    devices: BTreeMap<String, String>,
}

impl Known {
    /// Reads those that are noted at `path`; none if nothing is there.
    pub(super) fn read(path: PathBuf) -> Result<Self, HsmError> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(HsmError::file(path)(error)),
        };
        let devices = text.lines().filter_map(|line| line.split_once(' '));
        let devices = devices.map(|(url, pin)| (url.to_owned(), pin.to_owned()));
        Ok(Self {
            devices: devices.collect(),
            path,
        })
    }

    pub(super) fn pin(&self, url: &str) -> Option<&str> {
        self.devices.get(url).map(String::as_str)
    }

    /// Notes a device, for all times to come.
    pub(super) fn note(&mut self, url: &str, pin: &str) -> Result<(), HsmError> {
        if self.pin(url) == Some(pin) {
            return Ok(());
        }
        self.devices.insert(url.to_owned(), pin.to_owned());
        let lines = self.devices.iter();
        let text: String = lines.map(|(url, pin)| format!("{url} {pin}\n")).collect();
        write(&self.path, text.as_bytes(), 0o600, None).map_err(HsmError::file(&self.path))
    }
}

/// Writes a file as a whole and durably, or not at all.
pub(super) fn write(path: &Path, octets: &[u8], mode: u32, owner: Option<u32>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    if owner.is_some() {
        std::os::unix::fs::fchown(file.as_file(), owner, None)?;
    }
    file.write_all(octets)?;
    // Whatever the umask of whoever runs this takes away.
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
