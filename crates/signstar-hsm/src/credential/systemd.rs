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

/// The first version of systemd with `--user` and `--uid=` for secrets.
const BINDS_TO_USERS: u32 = 256;

/// Who can open a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum For {
    /// Only root.
    Root,
    /// The Unix user that runs this.
    Myself,
    /// The Unix user of this name or ID, and root.
    User(String),
}

/// Encrypts with the key of this machine, and with its TPM2 if it has one, and binds the outcome to
/// a name and, where there is one, to a Unix user (systemd 256 and later).
///
/// A file that is stolen, renamed or given to another user does not open.
#[derive(Clone, Debug)]
pub struct SystemdCreds {
    program: PathBuf,
    name: String,
    whom: For,
}

impl SystemdCreds {
    /// Secrets called `name`, for `whom`.
    pub fn new(name: impl Into<String>, whom: For) -> Self {
        Self::with_program("/usr/bin/systemd-creds", name, whom)
    }

    /// The same with another program than `/usr/bin/systemd-creds`.
    pub fn with_program(program: impl Into<PathBuf>, name: impl Into<String>, whom: For) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            whom,
        }
    }

    fn run(&self, verb: &str, input: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut command = Command::new(&self.program);
        // Variables choose its key and its TPM2: what a login brings along does not.
        command.env_clear();
        command.arg(verb).arg(format!("--name={}", self.name));
        match &self.whom {
            For::Root => {}
            For::Myself => drop(command.arg("--user")),
            For::User(user) => drop(command.arg(format!("--uid={user}"))),
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
            self.can_bind()?;
            let complaint = String::from_utf8_lossy(&complaint);
            let complaint = complaint.trim().replace(char::is_control, " ");
            return Err(io::Error::other(format!(
                "systemd-creds {verb} fails ({status}): {complaint}"
            )));
        }
        spoken
    }
}

impl SystemdCreds {
    /// Fails if this version of systemd cannot bind a secret to a user, where it is to be.
    fn can_bind(&self) -> io::Result<()> {
        if self.whom == For::Root {
            return Ok(());
        }
        let told = Command::new(&self.program)
            .env_clear()
            .arg("--version")
            .output()?;
        match version(&told.stdout) {
            Some(version) if version < BINDS_TO_USERS => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "systemd {version} binds no secret to a user: update it to {BINDS_TO_USERS} or \
                     later, or use `file` in place of `systemd-creds` (for development only)"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The version in `systemd 257 (257.5-2)`.
fn version(told: &[u8]) -> Option<u32> {
    let told = std::str::from_utf8(told).ok()?;
    let number = told.strip_prefix("systemd ")?;
    let end = number.find(|letter: char| !letter.is_ascii_digit());
    number.get(..end.unwrap_or(number.len()))?.parse().ok()
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

    /// A user asks a service of systemd, which takes 16 connections of a user at once and hangs up
    /// on others; a client may have more sessions than that.
    fn takes_turns(&self) -> bool {
        self.whom == For::Myself
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
        path::Path,
        sync::Arc,
    };

    use nethsm::passphrase::Passphrase;

    use super::*;
    use crate::{BadCredential, CredentialStore, SecretFile, Which};

    /// A program in place of `systemd-creds`, which notes its arguments and does `script`.
    fn stand_in(folder: &Path, script: &str, whom: For) -> SecretFile {
        let program = folder.join("systemd-creds");
        let told = folder.join("told");
        let script = format!("#!/bin/sh\necho \"$*\" >> {}\n{script}\n", told.display());
        fs::write(&program, script).expect("writable");
        fs::set_permissions(&program, Permissions::from_mode(0o700)).expect("own file");
        let creds = SystemdCreds::with_program(program, "builder", whom);
        SecretFile::new(folder.join("builder"), None, Arc::new(creds))
    }

    #[test]
    fn what_rests_is_sealed_and_bound_to_a_name_and_a_user() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let file = stand_in(folder, "tr a-z n-za-m", For::User("builder".to_owned()));
        let passphrase = |text: &str| Passphrase::new(text.to_owned());
        let read = |which| CredentialStore::read(&file, which).expect("readable");
        file.write(Which::Current, &passphrase("correct horse"))
            .expect("stored");
        file.write(Which::New, &passphrase("battery"))
            .expect("stored");
        let rests = fs::read_to_string(folder.join("builder")).expect("there");
        assert_eq!(rests, "pbeerpg ubefr");
        assert_eq!(
            read(Which::Current).expect("stored").expose(),
            "correct horse"
        );
        file.promote().expect("there is a newer one");
        assert_eq!(read(Which::Current).expect("stored").expose(), "battery");
        assert!(read(Which::New).is_none());

        let told = fs::read_to_string(folder.join("told")).expect("there");
        assert_eq!(told.lines().count(), 6, "{told}");
        for line in told.lines() {
            assert!(
                line.ends_with("crypt --name=builder --uid=builder - -"),
                "{line}"
            );
        }
    }

    #[test]
    fn sessions_of_one_user_ask_one_after_the_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = folder.path().join("turns");
        let script = format!(
            "echo begin >> {0}; cat; sleep 0.1; echo end >> {0}",
            told.display()
        );
        let file = stand_in(folder.path(), &script, For::Myself);
        file.write_secret(b"correct horse").expect("stored");
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| file.read_secret().expect("readable"));
            }
        });
        let told = fs::read_to_string(told).expect("there");
        assert_eq!(told, "begin\nend\n".repeat(8));
    }

    #[test]
    fn what_opens_as_something_else_is_not_stored() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = stand_in(folder.path(), "tr a-y b-z", For::Root);
        let error = file.write_secret(b"correct horse").expect_err("refused");
        assert!(matches!(error, BadCredential::OpensAsAnother), "{error}");
        assert!(!file.path().exists());
    }

    #[test]
    fn the_environment_of_a_login_does_not_reach_the_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = folder.path().join("environment");
        let script = format!("env >> {}; cat", told.display());
        let file = stand_in(folder.path(), &script, For::Myself);
        file.write_secret(b"correct horse").expect("stored");
        // Whatever runs this test has one.
        assert!(std::env::var_os("HOME").is_some() || std::env::var_os("CARGO").is_some());
        let told = fs::read_to_string(told).expect("there");
        for line in told.lines() {
            let own = ["PWD=", "_=", "SHLVL=", "OLDPWD="];
            assert!(own.iter().any(|name| line.starts_with(name)), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_told_in_the_words_of_the_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = stand_in(
            folder.path(),
            "cat; echo 'wrong name' >&2; exit 1",
            For::Myself,
        );
        fs::write(file.path(), "sealed").expect("written");
        fs::set_permissions(file.path(), Permissions::from_mode(0o600)).expect("own file");
        let error = CredentialStore::read(&file, Which::Current).expect_err("it fails");
        assert!(matches!(error, BadCredential::Io(_)));
        assert!(error.to_string().ends_with("wrong name"), "{error}");
        let told = fs::read_to_string(folder.path().join("told")).expect("there");
        assert_eq!(told, "decrypt --name=builder --user - -\n--version\n");
    }

    #[test]
    fn a_systemd_that_binds_to_no_user_is_told_by_its_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = "case $1 in --version) echo 'systemd 252 (252.39-1)';; \
                   *) echo unrecognized option >&2; exit 1;; esac";
        let file = |whom| stand_in(folder.path(), old, whom);
        let passphrase = Passphrase::new("correct horse".to_owned());
        let error = |whom| {
            let written = file(whom).write(Which::Current, &passphrase);
            written.expect_err("refused").to_string()
        };
        let builder = For::User("builder".to_owned());
        assert!(error(builder).starts_with("systemd 252 binds no secret to a user: update it"));
        assert!(error(For::Root).ends_with("unrecognized option"));
        for (told, expected) in [
            ("systemd 257 (257.5-2)\n+PAM", Some(257)),
            ("systemd 258~rc1", Some(258)),
            ("systemd", None),
            ("256", None),
        ] {
            assert_eq!(version(told.as_bytes()), expected);
        }
    }
}
