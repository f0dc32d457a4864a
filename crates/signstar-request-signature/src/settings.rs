//! What a user writes down once: `client.toml`.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{Destination, Error};

/// What a user writes down once. Everything may be left out; unknown names are errors.
///
/// ```toml
/// destination = "sign@enclave.example.org"
/// certificate = "packages.pgp"
/// ssh = "/usr/bin/ssh"
/// ssh-options = ["IdentityFile=~/.ssh/signing"]
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where the enclave is.
    pub destination: Option<Destination>,
    /// The OpenPGP certificate that its signatures verify with. A relative path begins at the
    /// folder of the settings.
    pub certificate: Option<PathBuf>,
    /// The program to connect with, if it is not `ssh`.
    pub ssh: Option<PathBuf>,
    /// Options for it, as in `ssh_config`.
    pub ssh_options: Vec<String>,
}

impl Settings {
    /// Reads the settings at `path`. A file that is not there says nothing.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(Error::read(path, source)),
        };
        let settings: Self = toml::from_str(&text).map_err(|error| Error::Settings {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            certificate: settings.certificate.map(|path| folder.join(path)),
            ..settings
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("client.toml");
        fs::write(&path, text).expect("written");
        Settings::read(&path)
            .map(|settings| Settings {
                certificate: settings
                    .certificate
                    .map(|path| path.strip_prefix(folder.path()).unwrap_or(&path).to_owned()),
                ..settings
            })
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_certificate_stands_beside_the_settings() {
        let settings = read("destination = \"sign@host\"\ncertificate = \"a.pgp\"").expect("good");
        assert_eq!(settings.destination.expect("one").as_str(), "sign@host");
        assert_eq!(settings.certificate.as_deref(), Some(Path::new("a.pgp")));
        let settings = read("certificate = \"/etc/a.pgp\"").expect("good");
        assert_eq!(
            settings.certificate.as_deref(),
            Some(Path::new("/etc/a.pgp"))
        );
    }

    #[test]
    fn no_settings_are_settings() {
        assert_eq!(read(""), Ok(Settings::default()));
        let nowhere = Settings::read(Path::new("/nowhere/client.toml"));
        assert_eq!(nowhere.expect("defaults"), Settings::default());
    }

    #[test]
    fn mistakes_are_named() {
        let error = read("destnation = \"host\"").expect_err("unknown");
        assert!(error.contains("unknown field `destnation`"), "{error}");
        let error = read("destination = \"-oProxyCommand=sh\"").expect_err("an option");
        assert!(error.contains("not a destination"), "{error}");
    }
}
