//! The programs with which users check signatures.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{Outcome, signature};

/// A `gpg` that knows some certificates and nothing else.
pub(crate) struct GnuPg {
    home: TempDir,
}

impl GnuPg {
    /// Imports `certificates`.
    pub(crate) fn knowing(certificates: &[impl AsRef<Path>]) -> Self {
        // The socket of gpg's agent has to fit into 108 octets.
        let home = tempfile::Builder::new()
            .prefix("gpg-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in("/tmp")
            .expect("a short folder");
        let gpg = Self { home };
        let paths = certificates.iter().map(AsRef::as_ref);
        Outcome::of(gpg.command().arg("--import").args(paths)).expect(0);
        gpg
    }

    /// Its folder, for programs that use it too.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// `gpg` itself; what to do follows.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("gpg");
        command
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--batch", "--no-tty", "--quiet", "--trust-model", "always"])
            .env("LC_ALL", "C");
        command
    }

    /// Verifies `FILE.sig`, and returns the fingerprint of the key that made it.
    pub(crate) fn verify(&self, path: &Path) -> Result<String, Outcome> {
        self.verify_as(path, &signature(path))
    }

    /// Verifies `signature` of the file at `path`.
    pub(crate) fn verify_as(&self, path: &Path, signature: &Path) -> Result<String, Outcome> {
        let arguments = ["--status-fd", "1", "--verify"];
        let mut command = self.command();
        let outcome = Outcome::of(command.args(arguments).arg(signature).arg(path));
        let valid = outcome
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("[GNUPG:] VALIDSIG "));
        match (outcome.code, valid) {
            (Some(0), Some(valid)) => Ok(valid.split(' ').next().unwrap_or_default().to_owned()),
            _ => Err(outcome),
        }
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", self.home.path())
            .args(["--kill", "all"])
            .stderr(Stdio::null())
            .status();
    }
}

/// Whether `FILE.sig` verifies, as other programs see it: name and verdict of each that is there.
pub(crate) fn other_verdicts(path: &Path, certificate: &Path) -> Vec<(&'static str, Outcome)> {
    let signature = signature(path);
    let mut verdicts = Vec::new();
    if is_installed("sqv") {
        let mut sqv = Command::new("sqv");
        sqv.arg("--keyring").arg(certificate);
        verdicts.push(("sqv", Outcome::of(sqv.arg(signature.as_path()).arg(path))));
    }
    if is_installed("gosop") {
        let input = File::open(path).expect("readable");
        let mut gosop = Command::new("gosop");
        gosop.arg("verify").arg(&signature).arg(certificate);
        let output = gosop.stdin(input).output().expect("it runs");
        verdicts.push(("gosop", output.into()));
    }
    if is_installed("rnp") && is_installed("rnpkeys") {
        let home = tempfile::tempdir_in("/tmp").expect("a folder");
        let mut import = Command::new("rnpkeys");
        import.arg("--homedir").arg(home.path());
        Outcome::of(import.arg("--import").arg(certificate)).expect(0);
        let mut rnp = Command::new("rnp");
        rnp.arg("--homedir").arg(home.path()).arg("--source");
        let outcome = Outcome::of(rnp.arg(path).arg("--verify").arg(&signature));
        verdicts.push(("rnp", outcome));
    }
    verdicts
}

/// Whether `program` is in `PATH`; says so if not.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .any(|folder| fs::metadata(folder.join(program)).is_ok_and(|metadata| metadata.is_file()));
    if !found {
        super::tell(&format!("SKIPPED: `{program}` is not installed"));
    }
    found
}
