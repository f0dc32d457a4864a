//! The transparency log of an enclave.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    Error, Folder,
    child::{Running, last_words},
    error::OnPath,
    programs::program,
};

const PROGRAM: &str = "signstar-log";
/// What the log is called for all times; the domain is that of no real enclave (RFC 2606 §2).
const ORIGIN: &str = "signstar.example/log";
/// The longest path of a Unix socket (unix(7)), without the zero at its end.
const MAX_SOCKET_PATH: usize = 107;

/// A log that runs as long as the enclave does.
#[derive(Debug)]
pub struct TransparencyLog {
    running: Option<Running>,
    dir: PathBuf,
    key: PathBuf,
    socket: PathBuf,
    vkey: String,
    log: PathBuf,
    _elsewhere: Option<TempDir>,
}

impl TransparencyLog {
    pub(crate) fn start(folder: &Folder) -> Result<Self, Error> {
        let key = folder.secret_file("log.key");
        let vkey = if key.exists() {
            say(&["key", "show"], &key, &[])?
        } else {
            say(&["key", "generate"], &key, &["--origin", ORIGIN])?
        };
        let beside = folder.path().join("log.socket");
        let (socket, elsewhere) = if beside.as_os_str().as_bytes().len() <= MAX_SOCKET_PATH {
            (beside, None)
        } else {
            let short = TempDir::with_prefix("signstar-").on("create", &std::env::temp_dir())?;
            (short.path().join("socket"), Some(short))
        };
        let mut log = Self {
            running: None,
            dir: folder.public_log(),
            key,
            socket,
            vkey,
            log: folder.log(PROGRAM),
            _elsewhere: elsewhere,
        };
        log.start_again()?;
        Ok(log)
    }

    /// Starts it where it stopped.
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.start_again_with(&[])
    }

    /// The same with further arguments for `signstar-log serve`.
    pub fn start_again_with(&mut self, arguments: &[&str]) -> Result<(), Error> {
        self.stop();
        let stderr = File::create(&self.log).on("write", &self.log)?;
        let mut command = Command::new(program(PROGRAM)?);
        command
            .args(["serve", "--dir"])
            .arg(&self.dir)
            .arg("--socket")
            .arg(&self.socket)
            .arg("--key")
            .arg(&self.key)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let mut running = Running::start(PROGRAM, &mut command, &self.log)?;
        let mut line = String::new();
        if let Some(stdout) = running.child().stdout.take() {
            // A program that ends says nothing; what it said elsewhere is in its log.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        if !line.starts_with("signstar-log listening on ") {
            return Err(Error::Start {
                program: PROGRAM,
                reason: last_words(&self.log),
            });
        }
        self.running = Some(running);
        Ok(())
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Kills it as a power failure would.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// The folder that anybody may read: a C2SP `tlog-tiles` tree.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The verifier key of the log.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Where signing processes reach it.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its process, while it was not stopped.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) -> Result<(), Error> {
        self.running.as_mut().map_or(Ok(()), Running::check)
    }
}

/// The one line that `signstar-log` says to `verb`, a file and `arguments`.
fn say(verb: &[&str], file: &Path, arguments: &[&str]) -> Result<String, Error> {
    let failed = |reason: String| Error::Start {
        program: PROGRAM,
        reason,
    };
    let output = Command::new(program(PROGRAM)?)
        .args(verb)
        .arg(file)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}
