//! Secrets and where they rest.

mod administration;
mod fresh;
mod sealed;
mod store;
mod systemd;

use std::{fs, io, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use nethsm::passphrase::Passphrase;
use nix::unistd::geteuid;
use signstar::config::Credential;

pub use administration::{Administration, AdministrativeCredentials};
pub use fresh::made_up;
pub use sealed::{Plain, SecretFile, Wrapping};
pub use store::{CredentialStore, Which};
pub use systemd::{For, SystemdCreds};

/// The longest file with a passphrase, in octets.
const MAX_OCTETS: usize = 1024;

/// Why a secret cannot be had or stored. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub enum BadCredential {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a symbolic link.
    #[error("it is a symbolic link; put the file itself in its place")]
    Link,
    /// Somebody else can read it.
    #[error("others may read it (mode {0:03o}); its mode must be 600 or 400")]
    Mode(u32),
    /// It belongs to somebody else.
    #[error(
        "it belongs to the user with the ID {0}; give it to the user that is to read it (chown)"
    )]
    Owner(u32),
    /// It is not a regular file.
    #[error("it is not a regular file")]
    NotAFile,
    /// It would have more than 64 KiB in its file, where it could not be read again.
    #[error("it is longer than 64 KiB")]
    TooLong,
    /// What was sealed to be stored opens as something else.
    #[error("what was sealed does not open as it was; nothing was stored")]
    OpensAsAnother,
    /// It is empty, longer than 1024 octets or not UTF-8.
    #[error("it is empty, longer than 1024 octets, or not text")]
    Content,
}

/// Opens what the configuration says of a passphrase: the current one; the newer one if there is no
/// other.
///
/// Fails as [`passphrase`] does for one in a file; for one that is encrypted, if `systemd-creds`
/// does not decrypt it for this user.
pub fn open(credential: &Credential) -> Result<Passphrase, BadCredential> {
    let store = store(credential);
    for which in [Which::Current, Which::New] {
        if let Some(passphrase) = store.read(which)? {
            return Ok(passphrase);
        }
    }
    Err(BadCredential::Io(io::ErrorKind::NotFound.into()))
}

/// Reads the passphrase in the file at `path`. One line feed at its end does not count.
///
/// Refuses symbolic links, files that the group or others can read and, unless root asks, files of
/// other users.
pub fn passphrase(path: &Path) -> Result<Passphrase, BadCredential> {
    text(&sealed::octets(path, None, MAX_OCTETS)?)
}

/// Where the configuration has the passphrase of an operator, to be used by who runs this.
pub(crate) fn store(credential: &Credential) -> Box<dyn CredentialStore> {
    Box::new(file(credential, None, opener(credential.path())))
}

/// Who opens the file at `path`: root as whoever it belongs to, others as themselves.
fn opener(path: &Path) -> For {
    if !geteuid().is_root() {
        return For::Myself;
    }
    match fs::symlink_metadata(path).map(|metadata| metadata.uid()) {
        Ok(0) | Err(_) => For::Root,
        Ok(owner) => For::User(owner.to_string()),
    }
}

/// The file that the configuration has for a passphrase. It belongs to the user with the ID `owner`,
/// without one to who runs this, and one that is encrypted can be opened by `whom`.
pub fn file(credential: &Credential, owner: Option<u32>, whom: For) -> SecretFile {
    let path = credential.path();
    let wrapping: Arc<dyn Wrapping> = match credential {
        Credential::File(_) => Arc::new(Plain),
        Credential::SystemdCreds(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Arc::new(SystemdCreds::new(name, whom))
        }
    };
    SecretFile::new(path, owner, wrapping)
}

/// A passphrase, perhaps with a line feed at its end.
fn text(content: &[u8]) -> Result<Passphrase, BadCredential> {
    let text = std::str::from_utf8(content).map_err(|_| BadCredential::Content)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() || text.len() > MAX_OCTETS {
        return Err(BadCredential::Content);
    }
    Ok(Passphrase::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

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
    fn who_signs_follows_no_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        let link = folder.path().join("link");
        fs::write(&path, "correct horse").expect("writable");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("own file");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        open(&Credential::File(path)).expect("good");
        let error = open(&Credential::File(link)).expect_err("refused");
        assert!(matches!(error, BadCredential::Link), "{error}");
    }

    #[test]
    fn root_opens_what_is_of_others_as_they_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        fs::write(&path, "sealed").expect("writable");
        if !geteuid().is_root() {
            assert_eq!(opener(&path), For::Myself);
            return;
        }
        assert_eq!(opener(&path), For::Root);
        assert_eq!(opener(&folder.path().join("missing")), For::Root);
        std::os::unix::fs::chown(&path, Some(12345), None).expect("root may");
        assert_eq!(opener(&path), For::User("12345".to_owned()));
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
