//! A repository with one package, and a user who installs from it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::Uid;
use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story, is_installed};

/// The user `nobody`: `makepkg` refuses to run as root.
const NOBODY: u32 = 65534;

pub(crate) const PKGBUILD: &str = "\
pkgname=story
pkgver=1
pkgrel=1
arch=(any)
package() {
    install -d \"$pkgdir/usr/share/story\"
    echo 'installed by pacman' > \"$pkgdir/usr/share/story/end\"
}
";

pub(crate) const MAKEPKG_CONF: &str = "\
CARCH=x86_64
CHOST=x86_64-pc-linux-gnu
BUILDENV=(!distcc !color !ccache !check !sign)
OPTIONS=(!strip docs libtool staticlibs emptydirs !zipman !purge !debug)
INTEGRITY_CHECK=(sha256)
COMPRESSZST=(zstd -c -q -)
PKGEXT=.pkg.tar.zst
SRCEXT=.src.tar.gz
PACKAGER='Example Packaging <packages@example.org>'
";

/// A repository with one package, and the machine of a user with a root of its own.
pub(crate) struct Distribution {
    pub(crate) story: Story,
    /// The file of the package.
    pub(crate) package: PathBuf,
    /// The file of the database.
    pub(crate) database: PathBuf,
    gpg: Option<GnuPg>,
}

impl Distribution {
    /// Builds, signs and trusts; nothing if a program for that is missing.
    pub(crate) fn ready() -> Option<Self> {
        let programs = [
            "makepkg", "repo-add", "pacman", "fakeroot", "bsdtar", "zstd",
        ];
        // All of them are looked at, so that all that are missing are told.
        let there = programs
            .iter()
            .filter(|program| is_installed(program))
            .count();
        if there < programs.len() {
            return None;
        }
        let story = Story::with_clients(&[
            ("packages", KeyType::Rsa2048),
            ("database", KeyType::Curve25519),
            ("other", KeyType::Curve25519),
        ]);
        let mut distribution = Self {
            package: build(&story),
            database: story.files().join("repository/story.db.tar.gz"),
            gpg: None,
            story,
        };
        distribution.sign_package("packages");
        distribution.publish();
        distribution.sign_database("database");
        distribution.set_up_user();
        Some(distribution)
    }

    pub(crate) fn sign_package(&self, client: &str) {
        self.story.send(client, &[&self.package]).expect(0);
    }

    /// Adds the package and its signature to the database.
    pub(crate) fn publish(&self) {
        let mut add = self.story.command(Path::new("repo-add"));
        Outcome::of(add.arg("-q").arg(&self.database).arg(&self.package)).expect(0);
    }

    /// Signs the database under the name that `pacman` asks for.
    pub(crate) fn sign_database(&self, client: &str) {
        let link = self.database.with_file_name("story.db");
        self.story.send(client, &[&self.database, &link]).expect(0);
    }

    /// What `pacman-key` does: two certificates imported and trusted, the third unknown.
    fn set_up_user(&mut self) {
        let folders = ["root", "db", "cache", "hooks"].map(|name| self.user(name));
        for folder in &folders {
            fs::create_dir_all(folder).expect("a folder");
        }
        let certificates = ["packages", "database"].map(|client| self.story.certificate(client));
        let gpg = GnuPg::knowing(&certificates);
        let list = Outcome::of(gpg.command().args(["--with-colons", "--list-keys"]));
        let trusted: String = list
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("fpr:::::::::"))
            .map(|fingerprint| fingerprint.to_owned() + "6:\n")
            .collect();
        assert_eq!(trusted.lines().count(), certificates.len(), "{list:#?}");
        // From here on trust is what is said here, and no longer given to everything.
        let mut import = gpg.command();
        import.args(["--trust-model", "pgp", "--import-ownertrust"]);
        Outcome::with_input(&mut import, trusted).expect(0);
        let config = format!(
            "[options]\nArchitecture = auto\nSigLevel = Required DatabaseRequired TrustedOnly\n\
             [story]\nServer = file://{}\n",
            self.story.files().join("repository").display()
        );
        fs::write(self.user("pacman.conf"), config).expect("written");
        self.gpg = Some(gpg);
    }

    fn user(&self, name: &str) -> PathBuf {
        self.story.path().join("user").join(name)
    }

    /// `pacman` of the user.
    pub(crate) fn pacman(&self, arguments: &[&str]) -> Outcome {
        let mut command = if Uid::effective().is_root() {
            self.story.command(Path::new("pacman"))
        } else {
            let mut command = self.story.command(Path::new("fakeroot"));
            command.args(["--", "pacman"]);
            command
        };
        for (option, name) in [
            ("--root", "root"),
            ("--dbpath", "db"),
            ("--cachedir", "cache"),
            ("--hookdir", "hooks"),
            ("--logfile", "pacman.log"),
            ("--config", "pacman.conf"),
        ] {
            command.arg(option).arg(self.user(name));
        }
        let gpg = self.gpg.as_ref().expect("set up");
        command.arg("--gpgdir").arg(gpg.home());
        Outcome::of(
            command
                .args(["--noconfirm", "--noprogressbar"])
                .args(arguments),
        )
    }

    pub(crate) fn installed(&self) -> PathBuf {
        self.user("root/usr/share/story/end")
    }

    /// The package is refused because of `complaint`, also when everything is fetched anew.
    pub(crate) fn is_refused(&self, complaint: &str) {
        let cache = self.user("cache");
        fs::remove_dir_all(&cache).expect("removed");
        fs::create_dir(&cache).expect("made");
        let outcome = self.pacman(&["-Syy", "story"]);
        outcome.expect(1);
        outcome.expect_complaint(complaint);
        assert!(!self.installed().exists());
    }
}

/// Builds the package and puts it into the folder of the repository.
fn build(story: &Story) -> PathBuf {
    let source = tempfile::Builder::new()
        .prefix("makepkg-")
        .tempdir_in(if Uid::effective().is_root() {
            // The user that builds has to be let in.
            Path::new("/tmp")
        } else {
            story.path()
        })
        .expect("a folder");
    fs::write(source.path().join("PKGBUILD"), PKGBUILD).expect("written");
    fs::write(source.path().join("makepkg.conf"), MAKEPKG_CONF).expect("written");
    let mut makepkg = if Uid::effective().is_root() {
        chown(source.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.args(["--clear-groups", "--", "makepkg"]);
        command
    } else {
        Command::new("makepkg")
    };
    makepkg
        .args(["--config", "makepkg.conf", "--nodeps", "--force"])
        .current_dir(source.path())
        .env("HOME", source.path())
        .env("TMPDIR", source.path())
        .env("LC_ALL", "C");
    for name in ["PKGDEST", "SRCDEST", "BUILDDIR", "PKGEXT", "GNUPGHOME"] {
        makepkg.env_remove(name);
    }
    Outcome::of(&mut makepkg).expect(0);

    let name = "story-1-1-any.pkg.tar.zst";
    let repository = story.files().join("repository");
    fs::create_dir(&repository).expect("a folder");
    let package = repository.join(name);
    fs::copy(source.path().join(name), &package).expect("built");
    fs::set_permissions(&package, Permissions::from_mode(0o644)).expect("set");
    package
}
