//! A secret that only this host can decrypt, and only for one Unix user (systemd-creds(1)).

use std::{
    ffi::OsStr,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use nethsm::passphrase::Passphrase;
use zeroize::Zeroizing;

use crate::{BadCredential, credential::MAX_OCTETS};

/// Decrypts the file at `path` with `program`: `systemd-creds` of systemd 256 or later, which asks
/// the service manager, so that this user needs neither the key of the host nor its TPM.
///
/// The secret was encrypted under the name of the file: another's, put in its place, is refused.
pub(crate) fn passphrase(program: &OsStr, path: &Path) -> Result<Passphrase, BadCredential> {
    let mut child = Command::new(program)
        .args(["decrypt", "--user", "--newline=no"])
        .arg(path)
        .arg("-")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // All the room at once: a buffer that grows leaves copies of the secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_OCTETS + 1));
    let limit = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX);
    if let Some(stdout) = child.stdout.take() {
        stdout.take(limit + 1).read_to_end(&mut content)?;
    }
    let ended = child.wait_with_output()?;
    if !ended.status.success() {
        let words = String::from_utf8_lossy(&ended.stderr);
        let last = words.lines().last().unwrap_or("it gives no reason");
        return Err(BadCredential::Decrypt(last.trim().to_owned()));
    }
    crate::credential::checked(&content)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    use super::*;

    /// A program in place of `systemd-creds` that does `script`.
    fn with(script: &str) -> Result<Passphrase, BadCredential> {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("systemd-creds");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("writable");
        fs::set_permissions(&program, Permissions::from_mode(0o700)).expect("own file");
        passphrase(program.as_os_str(), Path::new("/var/lib/x"))
    }

    #[test]
    fn what_it_decrypts_is_the_passphrase() {
        let said = with(r#"printf %s "$*""#).expect("a passphrase");
        assert_eq!(said.expose(), "decrypt --user --newline=no /var/lib/x -");
    }

    #[test]
    fn what_it_cannot_decrypt_is_told_in_its_words() {
        let error = with("echo secret; echo 'wrong name' >&2; exit 1").expect_err("it fails");
        assert_eq!(error.to_string(), "systemd-creds: wrong name");
    }

    #[test]
    fn what_is_no_passphrase_is_refused() {
        for script in ["true", "head -c 2000 /dev/zero"] {
            assert!(with(script).is_err(), "{script}");
        }
    }
}
