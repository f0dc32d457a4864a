//! What else hashes and signs on this machine.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::KeySize,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use signstar_enclave::program;
use tempfile::TempDir;

use crate::{Failed, stage::timed};

/// `gpg` with an Ed25519 key and an agent that is warm.
#[derive(Debug)]
pub(crate) struct Gpg {
    program: PathBuf,
    home: TempDir,
}

impl Gpg {
    /// Makes the key, in a home in `folder`, whose path has to be short.
    pub(crate) fn new(folder: &Path) -> Result<Self, Failed> {
        let gpg = Self {
            program: program("gpg")?,
            home: tempfile::Builder::new().prefix("g").tempdir_in(folder)?,
        };
        let mut command = gpg.command();
        command
            .args(["--passphrase", "", "--quick-generate-key"])
            .args(["Example Packaging <packages@example.org>"])
            .args(["ed25519", "sign", "never"]);
        timed(&mut command)?;
        Ok(gpg)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--batch", "--quiet", "--yes", "--no-tty", "--homedir"]);
        command.arg(self.home.path());
        command
    }

    /// Signs `file`, and says how many seconds that took.
    pub(crate) fn sign(&self, file: &Path) -> Result<f64, Failed> {
        let mut output = file.as_os_str().to_owned();
        output.push(".gpg");
        let mut command = self.command();
        command.arg("--output").arg(output);
        timed(command.arg("--detach-sign").arg(file))
    }

    /// Signs `files`, so many at a time, and says how many per second that were.
    pub(crate) fn rate(&self, files: &[PathBuf], at_once: usize) -> Result<f64, Failed> {
        let next = AtomicUsize::new(0);
        let begin = Instant::now();
        thread::scope(|scope| {
            let signing: Vec<_> = (0..at_once)
                .map(|_| {
                    scope.spawn(|| -> Result<(), Failed> {
                        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                            self.sign(file)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            signing
                .into_iter()
                .try_for_each(|one| one.join().map_err(|_| "a panic")?)
        })?;
        Ok(files.len() as f64 / begin.elapsed().as_secs_f64())
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // An agent that is left notices that its home is gone.
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .stderr(Stdio::null())
            .status();
    }
}

/// Signatures per second according to `openssl speed`, by as many processes at once.
pub(crate) fn openssl_speed(algorithm: &str, processes: usize) -> Result<f64, Failed> {
    let output = Command::new(program("openssl")?)
        .args(["speed", "-seconds", "1"])
        .args(["-multi", &processes.to_string(), algorithm])
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    // The line of figures ends with signatures and verifications per second.
    let figures = text.lines().filter(|line| line.contains(" bits "));
    let mut rates = figures.filter_map(|line| line.split_whitespace().nth_back(1)?.parse().ok());
    Ok(rates.next().ok_or("`openssl speed` printed no figure")?)
}

/// RSA 4096 signatures per second of the library that `softnethsm` signs with, in so many threads.
pub(crate) fn library_rsa(threads: usize, time: Duration) -> Result<f64, Failed> {
    let key = RsaKeyPair::generate(KeySize::Rsa4096)?;
    let hash = digest(&SHA256, b"a file");
    let made = AtomicUsize::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut signature = [0; 512];
                while begin.elapsed() < time
                    && key
                        .sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature)
                        .is_ok()
                {
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    Ok(made.into_inner() as f64 / begin.elapsed().as_secs_f64())
}

/// A token of SoftHSM 2 with a P-256 key, which `pkcs11-tool` has sign.
#[derive(Debug)]
pub(crate) struct Token {
    tool: PathBuf,
    module: &'static Path,
    folder: PathBuf,
}

/// Where distributions put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
/// Protects nothing: the token has a key that was made for this run.
const PIN: &str = "123456";
const LABEL: &str = "bench";

impl Token {
    /// Makes the token in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, Failed> {
        let module = MODULES.iter().map(Path::new).find(|path| path.is_file());
        let token = Self {
            tool: program("pkcs11-tool")?,
            module: module.ok_or("the module of softhsm2 is not installed")?,
            folder,
        };
        let tokens = token.folder.join("tokens");
        std::fs::create_dir_all(&tokens)?;
        let settings = format!("directories.tokendir = {}\n", tokens.display());
        std::fs::write(token.settings(), settings)?;
        let mut init = Command::new(program("softhsm2-util")?);
        init.args(["--init-token", "--free", "--label", LABEL])
            .args(["--so-pin", PIN, "--pin", PIN])
            .env("SOFTHSM2_CONF", token.settings());
        timed(&mut init)?;
        let mut generate = token.command();
        timed(generate.args(["--keypairgen", "--key-type", "EC:prime256v1", "--id", "01"]))?;
        std::fs::write(token.folder.join("digest"), digest(&SHA256, b"a file"))?;
        Ok(token)
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tool);
        command
            .arg("--module")
            .arg(self.module)
            .args(["--token-label", LABEL, "--login", "--pin", PIN])
            .env("SOFTHSM2_CONF", self.settings());
        command
    }

    /// Has one signature made, and says how many seconds that took.
    pub(crate) fn sign(&self) -> Result<f64, Failed> {
        let mut command = self.command();
        command
            .args(["--sign", "--mechanism", "ECDSA", "--id", "01"])
            .arg("--input-file")
            .arg(self.folder.join("digest"))
            .arg("--output-file")
            .arg(self.folder.join("signature"));
        timed(&mut command)
    }
}
