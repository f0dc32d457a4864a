//! A secret in a file of its own.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use nethsm::passphrase::Passphrase;
use signstar::config::Credential;
use zeroize::Zeroizing;

use crate::systemd_creds;

/// The longest file with a passphrase, in octets.
pub(crate) const MAX_OCTETS: usize = 1024;

/// Why a file does not hold a usable secret. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub enum BadCredential {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody else can read it.
    #[error("others may read it (mode {0:03o}); its mode must be 600 or 400")]
    Mode(u32),
    /// It is not a regular file.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is empty, longer than 1024 octets or not UTF-8.
    #[error("it is empty, longer than 1024 octets, or not text")]
    Content,
    /// It cannot be decrypted; the words are those of the program that should.
    #[error("systemd-creds: {0}")]
    Decrypt(String),
}

/// Opens what the configuration says of a passphrase.
///
/// Fails as [`passphrase`] does for one in a file; for one that is encrypted, if `systemd-creds`
/// does not decrypt it for this user.
pub fn open(credential: &Credential) -> Result<Passphrase, BadCredential> {
    match credential {
        Credential::File(path) => passphrase(path),
        Credential::SystemdCreds(path) => {
            systemd_creds::passphrase(OsStr::new("systemd-creds"), path)
        }
    }
}

/// Reads the passphrase in `path`. One line feed at its end does not count.
///
/// Refuses files that the group or others can read.
pub fn passphrase(path: &Path) -> Result<Passphrase, BadCredential> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(BadCredential::NotAFile);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(BadCredential::Mode(mode));
    }
    if usize::try_from(metadata.size()).is_ok_and(|size| size > MAX_OCTETS) {
        return Err(BadCredential::Content);
    }

    // All the room at once: a buffer that grows leaves copies of the secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_OCTETS + 1));
    let limit = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut content)?;
    checked(&content)
}

/// The passphrase in `content`: text of 1 to 1024 octets.
pub(crate) fn checked(content: &[u8]) -> Result<Passphrase, BadCredential> {
    let text = std::str::from_utf8(content).map_err(|_| BadCredential::Content)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() || content.len() > MAX_OCTETS {
        return Err(BadCredential::Content);
    }
    Ok(Passphrase::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn read(content: &[u8], mode: u32) -> Result<Passphrase, BadCredential> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        fs::write(&path, content).expect("writable");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("own file");
        passphrase(&path)
    }

    #[test]
    fn one_line_feed_does_not_count() {
        for content in ["correct horse", "correct horse\n"] {
            let read = read(content.as_bytes(), 0o600).expect("good");
            assert_eq!(read.expose(), "correct horse");
        }
        assert_eq!(read(b"two\n\n", 0o400).expect("good").expose(), "two\n");
    }

    #[test]
    fn what_others_can_read_is_no_secret() {
        for mode in [0o640, 0o604, 0o660] {
            let error = read(b"correct horse", mode).expect_err("refused");
            assert!(matches!(error, BadCredential::Mode(found) if found == mode));
        }
    }

    #[test]
    fn what_is_no_passphrase_is_refused() {
        for content in [&b""[..], b"\n", b"\xff\xfe", &[b'x'; 1025]] {
            let error = read(content, 0o600).expect_err("refused");
            assert!(matches!(error, BadCredential::Content), "{error}");
        }
        assert!(matches!(
            passphrase(Path::new("/")),
            Err(BadCredential::NotAFile)
        ));
    }
}
