//! The configuration, and files that it names.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use signstar::config::Config;

use crate::Error;

/// Where the configuration is; the first that exists is used (spec/configuration.md).
const CONFIGS: [&str; 2] = [
    "/etc/signstar/signstar.toml",
    "/usr/share/signstar/signstar.toml",
];
/// The longest configuration that is read, in octets (4 MiB).
const MAX_OCTETS: u64 = 4 << 20;

/// Reads the configuration at `path`, else the usual one.
pub(crate) fn configuration(path: Option<&Path>) -> Result<Config, Error> {
    let (path, text) = text(path)?;
    Config::parse(&text).map_err(|source| Error::Config { path, source })
}

/// Reads the same for whoever sets up the host, and its text.
pub(crate) fn for_host(path: Option<&Path>) -> Result<(String, Config), Error> {
    let (path, text) = text(path)?;
    match Config::parse_for_host(&text) {
        Ok((config, _)) => Ok((text, config)),
        Err(source) => Err(Error::Config { path, source }),
    }
}

/// The text of the configuration at `path`, else of the usual one, and where that is.
pub(crate) fn text(path: Option<&Path>) -> Result<(PathBuf, String), Error> {
    let path = match path {
        Some(path) => path,
        None => CONFIGS
            .iter()
            .map(Path::new)
            .find(|path| path.exists())
            .ok_or_else(|| Error::NoConfig(CONFIGS.map(PathBuf::from)))?,
    };
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let octets = File::open(path)
        .and_then(|file| read(file, MAX_OCTETS))
        .map_err(unreadable)?;
    let text = String::from_utf8(octets)
        .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok((path.to_owned(), text))
}

/// The usual place of the configuration that is in use, the first one if there is none.
pub(crate) fn usual() -> &'static Path {
    let mut places = CONFIGS.iter().map(Path::new);
    places
        .find(|path| path.exists())
        .unwrap_or(Path::new(CONFIGS[0]))
}

/// Reads all of `source`; fails if it has more than `most` octets.
pub(crate) fn read(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    source.take(most + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > most) {
        return Err(io::Error::other(format!("longer than {most} octets")));
    }
    Ok(octets)
}
