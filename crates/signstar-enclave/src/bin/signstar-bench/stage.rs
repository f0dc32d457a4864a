//! The enclave that is measured, and every way into it.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use signstar::sign::Certificate;
use signstar_enclave::{Client, Enclave, Folder, KeyType, Options, end_with_signals, program};
use tempfile::TempDir;

use crate::{
    Failed,
    doors::{self, NOTHING},
    report::Report,
    row::{Row, Unit},
    watch,
};

/// The keys that sign: what the client is called, its type, and what `openssl speed` calls it.
pub(crate) const KEYS: [(&str, KeyType, &str); 3] = [
    (ED25519, KeyType::Curve25519, "ed25519"),
    ("p256", KeyType::EcP256, "ecdsap256"),
    (RSA4096, KeyType::Rsa4096, "rsa4096"),
];
pub(crate) const ED25519: &str = "ed25519";
pub(crate) const RSA4096: &str = "rsa4096";

/// A key exchange that costs less than the usual one of OpenSSH.
pub(crate) const CURVE: [&str; 2] = ["-o", "KexAlgorithms=curve25519-sha256"];

/// Whether signatures are put on record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Log {
    On,
    Off,
}

impl Log {
    /// As it stands in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::On => "log on",
            Self::Off => "log off",
        }
    }
}

/// The enclave that is measured.
#[derive(Debug)]
pub(crate) struct Stage {
    enclave: Enclave,
    hsm: Option<u32>,
    log: Option<u32>,
    folder: TempDir,
    // The path of a socket has to be short.
    short: TempDir,
}

impl Stage {
    /// Starts an enclave in a folder of its own in `parent`, with a client for each of [`KEYS`].
    pub(crate) fn set(parent: &Path) -> Result<Self, Failed> {
        let folder = tempfile::Builder::new().prefix("b-").tempdir_in(parent)?;
        let enclave = Folder::create(&folder.path().join("enclave"))?;
        end_with_signals(&enclave, Some(folder.path().to_owned()))?;
        let clients = KEYS.map(|(name, key_type, _)| Client::new(name, key_type));
        let mut enclave = Enclave::start(&Options {
            folder: enclave.path().to_owned(),
            clients: clients.to_vec(),
        })?;
        let (hsm, log) = (enclave.hsm().id(), enclave.log().id());
        let stage = Self {
            enclave,
            hsm,
            log,
            folder,
            short: tempfile::Builder::new().prefix("b-").tempdir()?,
        };
        doors::open_doors(stage.enclave.folder())?;
        Ok(stage)
    }

    /// A folder for files, empty at first.
    pub(crate) fn room(&self, name: &str) -> Result<PathBuf, Failed> {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// A folder with a short path, for sockets.
    pub(crate) fn short(&self) -> &Path {
        self.short.path()
    }

    /// The configuration with or without the log.
    pub(crate) fn configuration(&self, log: Log) -> PathBuf {
        doors::configuration(self.enclave.folder(), log)
    }

    /// What signatures for the client `key` verify with.
    pub(crate) fn certificate(&self, key: &str) -> Result<Certificate, Failed> {
        let octets = fs::read(self.enclave.folder().certificate(key))?;
        Ok(Certificate::parse(&octets)?)
    }

    /// The port of its `sshd`.
    pub(crate) fn port(&self) -> u16 {
        self.enclave.description().ssh.port
    }

    /// `ssh` to the door of the client `key`.
    pub(crate) fn ssh(&self, key: &str, log: Log) -> Command {
        let mut command = self.ssh_to(&[]);
        command.arg(doors::door(key, log));
        command
    }

    /// `ssh` with `options` and no destination yet.
    pub(crate) fn ssh_to(&self, options: &[&str]) -> Command {
        let mut command = Command::new(self.enclave.folder().connect());
        command.args(options);
        command
    }

    /// `signstar-request-signature send` for the client `key`, without files: what is known of other
    /// enclaves on this machine does not count.
    pub(crate) fn send(&self, key: &str, log: Log) -> Result<Command, Failed> {
        let folder = self.enclave.folder();
        let mut command = self.client("send")?;
        command
            .arg("--ssh")
            .arg(folder.connect())
            .args(["--to", &doors::door(key, log)]);
        self.trust(&mut command, key, log);
        Ok(command)
    }

    /// `signstar-request-signature verify` for signatures of the client `key`.
    pub(crate) fn verify(&self, key: &str, log: Log) -> Result<Command, Failed> {
        let mut command = self.client("verify")?;
        self.trust(&mut command, key, log);
        Ok(command)
    }

    fn client(&self, verb: &str) -> Result<Command, Failed> {
        let mut command = Command::new(program("signstar-request-signature")?);
        command
            .args([verb, "--quiet"])
            .env("XDG_CONFIG_HOME", self.folder.path().join("nothing"))
            .env_remove("SIGNSTAR_DESTINATION");
        Ok(command)
    }

    fn trust(&self, command: &mut Command, key: &str, log: Log) {
        command
            .arg("--certificate")
            .arg(self.enclave.folder().certificate(key));
        if log == Log::On {
            command.args(["--log-key", &self.enclave.description().log.vkey]);
        }
    }

    /// A session of `signstar-sign` without SSH.
    pub(crate) fn signing(&self, key: &str, log: Log) -> Result<Command, Failed> {
        let mut command = Command::new(program("signstar-sign")?);
        command
            .arg("--config")
            .arg(self.configuration(log))
            .args(["--client", key]);
        Ok(command)
    }

    /// What the HSM took for each of the last `count` requests of sessions that are over, in
    /// milliseconds, as `signstar-sign` wrote it into its journal.
    pub(crate) fn hsm_times(&self, count: usize) -> Result<Vec<f64>, Failed> {
        let mut journal = File::open(self.enclave.folder().journal())?;
        // A line has far less.
        let enough = u64::try_from(count)?.saturating_mul(2048);
        let length = journal.metadata()?.len();
        journal.seek(SeekFrom::Start(length.saturating_sub(enough)))?;
        let mut octets = Vec::new();
        journal.read_to_end(&mut octets)?;
        let text = String::from_utf8_lossy(&octets);
        let mut times: Vec<f64> = text
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|line| line["microseconds"]["hsm"].as_f64())
            .map(|microseconds| microseconds / 1e3)
            .take(count)
            .collect();
        if times.len() != count {
            return Err("the journal lacks requests".into());
        }
        times.reverse();
        Ok(times)
    }

    /// A connection that others share by this option; it ends with what is returned.
    pub(crate) fn shared(&self) -> Result<(Shared, String), Failed> {
        let path = self.short.path().join("shared");
        let option = format!("ControlPath={}", path.display());
        let child = self
            .ssh_to(&["-N", "-o", "ControlMaster=yes", "-o", &option, NOTHING])
            .stdin(Stdio::null())
            .spawn()?;
        let shared = Shared(child);
        let end = Instant::now() + Duration::from_secs(20);
        while !path.exists() {
            if Instant::now() > end {
                return Err("no connection to share came about".into());
            }
            sleep(Duration::from_millis(5));
        }
        Ok((shared, option))
    }

    /// Adds the most memory that the programs had which ran all the time.
    pub(crate) fn peaks(&self, report: &mut Report) {
        report.begin("memory");
        for (name, id) in [("softnethsm", self.hsm), ("signstar-log", self.log)] {
            if let Some(peak) = id.and_then(watch::peak) {
                let name = format!("most memory of {name}, after all of this");
                report.add(Row::once(name, Unit::Mebibytes, peak));
            }
        }
    }
}

/// A connection that others share.
#[derive(Debug)]
pub(crate) struct Shared(Child);

impl Drop for Shared {
    fn drop(&mut self) {
        // One that has ended by itself is fine, too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `command` silently to its end, and says how many seconds that took. Fails if it does.
pub(crate) fn timed(command: &mut Command) -> Result<f64, Failed> {
    let begin = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?
        .wait_with_output()?;
    let took = begin.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let name = PathBuf::from(command.get_program());
        return Err(format!("{}: {}: {said}", name.display(), output.status).into());
    }
    Ok(took.as_secs_f64())
}
