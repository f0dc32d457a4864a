//! Secrets that open on one machine only: `systemd-creds`.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

use zeroize::Zeroizing;

use super::Wrapping;

/// The most octets of a secret or of what it becomes.
const MAX_OCTETS: usize = 256 << 10;

/// Encrypts with the key of this machine, and with its TPM2 if it has one, and binds the outcome to
/// a name and, where there is one, to a Unix user (systemd 256 and later).
///
/// A file that is stolen, renamed or given to another user does not open.
#[derive(Clone, Debug)]
pub struct SystemdCreds {
    program: PathBuf,
    name: String,
    user: Option<String>,
}

impl SystemdCreds {
    /// Secrets called `name`. With a `user`, they are for that Unix user, which can open them
    /// without being root; without one, for root.
    pub fn new(name: impl Into<String>, user: Option<String>) -> Self {
        Self::with_program("/usr/bin/systemd-creds", name, user)
    }

    /// The same with another program than `/usr/bin/systemd-creds`.
    pub fn with_program(
        program: impl Into<PathBuf>,
        name: impl Into<String>,
        user: Option<String>,
    ) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            user,
        }
    }

    fn run(&self, verb: &str, input: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut command = Command::new(&self.program);
        command.arg(verb).arg(format!("--name={}", self.name));
        if let Some(user) = &self.user {
            command.arg(format!("--uid={user}"));
        }
        let mut child = command
            .args(["-", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let spoken = speak(&mut child, input);
        let mut complaint = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            // What cannot be read is not told.
            let _ = stderr.take(1000).read_to_end(&mut complaint);
        }
        let status = child.wait()?;
        if !status.success() {
            let complaint = String::from_utf8_lossy(&complaint);
            let complaint = complaint.trim().replace(char::is_control, " ");
            return Err(io::Error::other(format!(
                "systemd-creds {verb} fails ({status}): {complaint}"
            )));
        }
        spoken
    }
}

/// Writes all of `input` while reading all that comes.
fn speak(child: &mut Child, input: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("no pipes"));
    };
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OCTETS + 1));
    let limit = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX);
    thread::scope(|scope| {
        let writing = scope.spawn(move || stdin.write_all(input));
        let read = stdout.take(limit).read_to_end(&mut output);
        let written = writing.join();
        read?;
        written.map_err(|_| io::Error::other("nothing could be written"))?
    })?;
    Ok(output)
}

impl Wrapping for SystemdCreds {
    fn seal(&self, secret: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        self.run("encrypt", secret)
    }

    fn open(&self, sealed: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        self.run("decrypt", sealed)
    }
}
