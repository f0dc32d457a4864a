//! Hosts with keys of their own, whose folder is thrown away.

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use nix::unistd::Uid;
use signstar_hsm::{Administration, AdministrativeCredentials, For, SecretFile, SystemdCreds};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = "/usr/bin/systemd-creds";

/// A folder with the key of a host, and the program that uses this key and no other.
///
/// The key of the machine that runs the story is neither made nor read.
pub(crate) struct Host {
    folder: TempDir,
}

impl Host {
    /// `None`, and why, if `systemd-creds` cannot be had.
    pub(crate) fn new() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            skipped("systemd-creds is not installed (systemd 250 or later)");
            return None;
        }
        // Since systemd 256, others are served by the system, whose key is another one.
        if !Uid::effective().is_root() {
            skipped("only root has credentials encrypted with the key of the host");
            return None;
        }
        let host = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        host.has("host", "");
        Some(host)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From now on, it encrypts with `key`, and `variables` are in the environment.
    pub(crate) fn has(&self, key: &str, variables: &str) {
        let script = format!(
            "#!/bin/sh\n\
             [ \"$1\" != encrypt ] || set -- \"$@\" --with-key={key}\n\
             exec /usr/bin/env SYSTEMD_CREDENTIAL_SECRET='{}' {variables} {PROGRAM} \"$@\"\n",
            self.path("host-key").display()
        );
        let program = self.path("systemd-creds");
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, Permissions::from_mode(0o700)).expect("own file");
    }

    /// The file `name` of this host, sealed under that name.
    pub(crate) fn file(&self, name: &str) -> SecretFile {
        self.file_for(name, name, For::Root)
    }

    /// The file `name`, sealed under the name `sealed`, for `whom`.
    pub(crate) fn file_for(&self, name: &str, sealed: &str, whom: For) -> SecretFile {
        let creds = SystemdCreds::with_program(self.path("systemd-creds"), sealed, whom);
        SecretFile::new(self.path(name), None, Arc::new(creds))
    }

    /// What the program of this host makes of `secret` with these arguments, as the file `name`.
    pub(crate) fn seals(&self, name: &str, secret: &str, arguments: &[&str]) {
        fs::write(self.path("clear"), secret).expect("written");
        let output = Command::new(self.path("systemd-creds"))
            .arg("encrypt")
            .arg(format!("--name={name}"))
            .args(arguments)
            .args([self.path("clear"), self.path(name)])
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).expect("own file");
    }
}

/// Credentials of two administrators.
pub(crate) fn credentials() -> AdministrativeCredentials {
    let names = ["admin", "second"].map(|name| name.parse().expect("a name"));
    AdministrativeCredentials::make_up(&names).expect("randomness")
}

/// Whether `file` has exactly `expected`.
#[track_caller]
pub(crate) fn has(file: &SecretFile, expected: &AdministrativeCredentials) {
    let octets = |credentials: &AdministrativeCredentials| credentials.to_octets().expect("JSON");
    let found = Administration::load(file).expect("it opens");
    let found = found.expect("it is there");
    assert!(*octets(&found) == *octets(expected), "others than stored");
}

/// Why `file` does not open.
#[track_caller]
pub(crate) fn refused(file: &SecretFile) -> String {
    match Administration::load(file) {
        Ok(_) => panic!("{} opens", file.path().display()),
        Err(error) => error.to_string(),
    }
}

/// Says why a story is not told here.
pub(crate) fn skipped(why: &str) {
    // Whoever runs the tests has to know.
    let _ = writeln!(io::stderr(), "SKIPPED: {why}");
}
