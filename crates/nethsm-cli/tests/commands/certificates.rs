//! What `gpg` says about certificates that are renewed, published and revoked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::device::{NETHSM, Place, Start};

/// A place with a key and its certificate, and a home for `gpg`.
pub(crate) struct Desk {
    pub(crate) place: Place,
}

impl Desk {
    pub(crate) fn start(name: &str) -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            // A test has no other way to say this.
            #[expect(clippy::print_stderr, reason = "the reason why nothing was tested")]
            {
                eprintln!("skipped: there is no gpg");
            }
            return None;
        }
        let place = Place::start(name, Start::Ready)?;
        let desk = Self { place };
        fs::create_dir(desk.home()).expect("created");
        fs::set_permissions(desk.home(), fs::Permissions::from_mode(0o700)).expect("own folder");
        Some(desk)
    }

    fn home(&self) -> PathBuf {
        self.place.path().join("gnupg")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.files.join(name)
    }

    /// Runs `gpg` in the folder of the files.
    pub(crate) fn try_gpg(&self, arguments: &[&str]) -> Output {
        Command::new("gpg")
            .args(["--batch", "--yes", "--status-fd", "1"])
            .args(arguments)
            .current_dir(&self.place.files)
            .env("GNUPGHOME", self.home())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .expect("it started before")
    }

    /// The same where it has to succeed; what it prints.
    #[track_caller]
    pub(crate) fn gpg(&self, arguments: &[&str]) -> String {
        let done = self.try_gpg(arguments);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "gpg {arguments:?}: {said}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Makes the key `packages` and its certificate.
    pub(crate) fn with_certificate(self) -> Self {
        self.place
            .nethsm("key import packages --raw seed --type Curve25519");
        self.nethsm(&["certificate", "add", "packages", "--user-id", PACKAGES]);
        self.nethsm(&["certificate", "show", "packages", "--out", "first.pgp"]);
        self
    }

    /// Runs `nethsm openpgp`, which has to succeed; what it says on standard error.
    #[track_caller]
    pub(crate) fn nethsm(&self, arguments: &[&str]) -> String {
        let done = self.try_nethsm(arguments);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{arguments:?}: {said}");
        said
    }

    /// Runs `nethsm openpgp`.
    pub(crate) fn try_nethsm(&self, arguments: &[&str]) -> Output {
        Command::new(NETHSM)
            .arg("openpgp")
            .args(arguments)
            .current_dir(&self.place.files)
            .env("XDG_CONFIG_HOME", &self.place.config)
            .stdin(Stdio::null())
            .output()
            .expect("started")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .args(["--kill", "all"])
            .env("GNUPGHOME", self.home())
            .output();
    }
}

pub(crate) const PACKAGES: &str = "Example Packaging <packages@example.org>";
const IMAGES: &str = "Example Images <images@example.org>";

/// The files below a folder, by their paths from there.
fn below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let path = path.strip_prefix(root).expect("below");
                    found.push(path.display().to_string());
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn gpg_sees_a_renewal_of_the_key_it_has() {
    let Some(desk) = Desk::start("renewal") else {
        return;
    };
    let desk = desk.with_certificate();
    desk.gpg(&["--import", "first.pgp"]);
    // A renewal has to be younger, and times are in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    desk.nethsm(&[
        "certificate",
        "renew",
        "packages",
        "--expires",
        "2090-01-01",
        "--add-user-id",
        IMAGES,
        "--drop-user-id",
        PACKAGES,
        "--out",
        "renewed.pgp",
    ]);
    let stored = desk.file("stored.pgp");
    desk.nethsm(&["certificate", "show", "packages", "--out", "stored.pgp"]);
    assert_eq!(
        fs::read(stored).expect("there"),
        fs::read(desk.file("renewed.pgp")).expect("there")
    );
    desk.gpg(&["--import", "renewed.pgp"]);
    let list = desk.gpg(&["--with-colons", "--list-keys"]);
    assert_eq!(list.matches("\npub:").count(), 1, "{list}");
    // The first second of 2090.
    assert!(list.contains(":3786912000:"), "{list}");
    let of = |id: &str| {
        let line = list.lines().find(|line| line.contains(id)).expect("a line");
        line.split(':').nth(1).expect("validity").to_owned()
    };
    assert_eq!(of(PACKAGES), "r", "{list}");
    assert_ne!(of(IMAGES), "r", "{list}");

    desk.place
        .nethsm("openpgp sign packages package.zst --domain example.org");
    desk.gpg(&["--verify", "package.zst.sig", "package.zst"]);
}

#[test]
fn a_renewal_that_is_not_stored_leaves_the_slot_alone() {
    let Some(desk) = Desk::start("unstored") else {
        return;
    };
    let desk = desk.with_certificate();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    desk.nethsm(&[
        "certificate",
        "renew",
        "packages",
        "--expires",
        "2090-01-01",
        "--no-store",
        "--out",
        "renewed.pgp",
    ]);
    desk.nethsm(&["certificate", "show", "packages", "--out", "stored.pgp"]);
    let read = |name| fs::read(desk.file(name)).expect("there");
    assert_eq!(read("stored.pgp"), read("first.pgp"));
    assert_ne!(read("renewed.pgp"), read("first.pgp"));
}

#[test]
fn the_certificate_of_another_key_is_not_renewed() {
    let Some(desk) = Desk::start("foreign") else {
        return;
    };
    let desk = desk.with_certificate();
    desk.place
        .nethsm("key generate images --type Curve25519 --mechanism EdDSA_Signature");
    // Older than the renewal.
    let old = ["--created", "2026-01-31T12:00:00Z", "--out", "images.pgp"];
    let add = ["certificate", "add", "images", "--user-id", IMAGES];
    desk.nethsm(&[&add[..], &old].concat());
    let renew = ["certificate", "renew", "packages", "--certificate"];
    let done = desk.try_nethsm(&[&renew[..], &["images.pgp"]].concat());
    assert_eq!(done.status.code(), Some(8));
    desk.nethsm(&["certificate", "show", "packages", "--out", "stored.pgp"]);
    let read = |name| fs::read(desk.file(name)).expect("there");
    assert_eq!(read("stored.pgp"), read("first.pgp"));
}

#[test]
fn a_published_revocation_ends_the_key() {
    let Some(desk) = Desk::start("revocation") else {
        return;
    };
    let desk = desk.with_certificate();
    desk.place
        .nethsm("openpgp sign packages package.zst --domain example.org");
    let revoke = ["certificate", "revoke", "packages"];
    let make = [
        "--reason",
        "compromised",
        "--message",
        "stolen",
        "--out",
        "packages.rev",
    ];
    desk.nethsm(&[&revoke[..], &make].concat());
    let mode = desk.file("packages.rev").metadata().expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // Nothing has happened yet.
    desk.gpg(&["--import", "first.pgp"]);
    desk.gpg(&["--verify", "package.zst.sig", "package.zst"]);

    let publish = ["--publish", "packages.rev"];
    let store = ["--store", "--out", "revoked.pgp"];
    let done = desk.try_nethsm(&[&revoke[..], &publish, &store].concat());
    assert_eq!(done.status.code(), Some(2), "not without confirmation");
    assert!(!desk.file("revoked.pgp").exists());
    desk.nethsm(&[&revoke[..], &publish, &store, &["--yes"]].concat());
    desk.gpg(&["--import", "revoked.pgp"]);
    let list = desk.gpg(&["--with-colons", "--list-keys"]);
    assert!(list.contains("\npub:r:"), "{list}");
    let verified = desk.try_gpg(&["--verify", "package.zst.sig", "package.zst"]);
    let status = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(status.contains("REVKEYSIG"), "{status}");

    let sign = ["sign", "packages", "package.zst", "--domain", "example.org"];
    let done = desk.try_nethsm(&sign);
    assert_eq!(done.status.code(), Some(9));
}

#[test]
fn the_revocation_of_another_key_is_not_published() {
    let Some(desk) = Desk::start("other") else {
        return;
    };
    let desk = desk.with_certificate();
    desk.place
        .nethsm("key generate images --type Curve25519 --mechanism EdDSA_Signature");
    desk.nethsm(&["certificate", "add", "images", "--user-id", IMAGES]);
    desk.nethsm(&[
        "certificate",
        "revoke",
        "images",
        "--reason",
        "retired",
        "--out",
        "images.rev",
    ]);
    let done = desk.try_nethsm(&[
        "certificate",
        "revoke",
        "packages",
        "--publish",
        "images.rev",
        "--store",
        "--yes",
    ]);
    assert_eq!(done.status.code(), Some(9));
    desk.nethsm(&["certificate", "show", "packages", "--out", "stored.pgp"]);
}

#[test]
fn a_certificate_stands_where_others_look() {
    let Some(desk) = Desk::start("export") else {
        return;
    };
    let desk = desk.with_certificate();
    let list = desk.gpg(&["--with-colons", "--show-keys", "first.pgp"]);
    let fingerprint = list
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .expect("a fingerprint")
        .trim_end_matches(':')
        .to_owned();
    let export = |form: &str, more: &[&str]| {
        let words = [
            "certificate",
            "export",
            "packages",
            "--as",
            form,
            "--out",
            form,
        ];
        desk.nethsm(&[&words[..], more].concat());
    };
    for form in ["binary", "armored"] {
        export(form, &[]);
        let shown = desk.gpg(&["--with-colons", "--show-keys", form]);
        assert!(shown.contains(&fingerprint), "{form}: {shown}");
    }
    export("wkd", &[]);
    let hashes = desk.gpg(&["--with-wkd-hash", "--show-keys", "first.pgp"]);
    let [file, policy] = &below(&desk.file("wkd"))[..] else {
        panic!("{:?}", below(&desk.file("wkd")));
    };
    assert!(policy.ends_with("/policy"));
    let (_, hash) = file.rsplit_once('/').expect("below a folder");
    assert!(hashes.contains(hash), "{hash}: {hashes}");

    export(
        "voa",
        &["--os", "arch", "--purpose", "packages", "--context", "core"],
    );
    let verifier = format!(
        "arch/packages/core/openpgp/{}.openpgp",
        fingerprint.to_lowercase()
    );
    assert_eq!(below(&desk.file("voa")), [verifier]);

    export("keyring", &["--name", "packages"]);
    let files = below(&desk.file("keyring"));
    let root = format!("packages/{fingerprint}");
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(
        files.iter().all(|file| file.starts_with(&root)),
        "{files:?}"
    );
    // Names that lead elsewhere.
    let words = ["certificate", "export", "packages", "--as", "keyring"];
    let done = desk.try_nethsm(&[&words[..], &["--out", "x", "--name", "../x"]].concat());
    assert_eq!(done.status.code(), Some(2));
    assert!(!desk.file("x").exists());
}
