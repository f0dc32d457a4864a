//! Where passphrases come from: a prompt, a file, a command, a keyring.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nethsm::passphrase::Passphrase;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Where the passphrase of a user comes from, as a profile has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Written")]
pub(crate) enum Source {
    /// A person is asked.
    #[default]
    Prompt,
    /// A file that only its owner can read.
    File(PathBuf),
    /// The output of a program, given with its arguments.
    Command(Vec<String>),
    /// The keyring of the desktop, asked with `secret-tool`.
    Keyring,
}

/// How a [`Source`] is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    File(OneFile),
    Command(OneCommand),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneFile {
    file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneCommand {
    command: Vec<String>,
}

/// Does not repeat what was written: it may be a passphrase.
impl TryFrom<Written> for Source {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Name(name) if name == "prompt" => Ok(Self::Prompt),
            Written::Name(name) if name == "keyring" => Ok(Self::Keyring),
            Written::Name(_) => Err(
                "passphrase is one of \"prompt\", \"keyring\", { file = \"...\" }, { command = [...] }",
            ),
            Written::File(OneFile { file }) => Ok(Self::File(file)),
            Written::Command(OneCommand { command }) => Ok(Self::Command(command)),
        }
    }
}

/// Far more than a passphrase has.
const MOST: usize = 4096;

impl Source {
    /// The passphrase of `user` of the device at `url`.
    pub(crate) fn get(&self, user: &str, url: &str) -> Result<Passphrase, Failure> {
        match self {
            Self::Prompt => prompt(&format!("Passphrase of {user} at {url}: ")),
            Self::File(path) => read(path),
            Self::Command(words) => output(words),
            Self::Keyring => output(
                &[
                    "secret-tool",
                    "lookup",
                    "service",
                    "nethsm",
                    "url",
                    url,
                    "user",
                    user,
                ]
                .map(str::to_owned),
            ),
        }
    }
}

/// Asks at the terminal, without showing what is typed.
pub(crate) fn prompt(question: &str) -> Result<Passphrase, Failure> {
    match rpassword::prompt_password(question) {
        Ok(text) => Ok(Passphrase::new(text)),
        Err(cause) => Err(Failure::local(
            format!("cannot ask for a passphrase: {cause}"),
            "without a terminal give it in a file: see the options that end in passphrase-file in --help",
        )),
    }
}

/// A passphrase that is to be set: from a file, or typed twice.
pub(crate) fn fresh(what: &str, file: Option<&Path>) -> Result<Passphrase, Failure> {
    let passphrase = match file {
        Some(path) => read(path)?,
        None => {
            let once = prompt(&format!("New {what}: "))?;
            let twice = prompt(&format!("New {what}, again: "))?;
            if once.expose() != twice.expose() {
                return Err(Failure::usage(
                    "the two differ",
                    "type the same passphrase twice",
                ));
            }
            once
        }
    };
    match passphrase.check() {
        Ok(()) => Ok(passphrase),
        Err(bad) => Err(Failure::usage(bad.to_string(), "choose another")),
    }
}

/// A passphrase that exists: from a file, or typed.
pub(crate) fn existing(what: &str, file: Option<&Path>) -> Result<Passphrase, Failure> {
    file.map_or_else(|| prompt(&format!("{what}: ")), read)
}

/// Reads a file; one line feed at its end does not count.
pub(crate) fn read(path: &Path) -> Result<Passphrase, Failure> {
    let unreadable = |cause| Failure::file("read the passphrase in", path, &cause);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    // What is handed over through a pipe is nobody else's anyway.
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(Failure::local(
            format!("others can access {} (mode {mode:03o})", path.display()),
            format!("chmod 600 {}", path.display()),
        ));
    }
    take(file).map_err(|problem| {
        Failure::local(
            format!("no passphrase in {}: {problem}", path.display()),
            "it must hold the passphrase and nothing else, at most one line feed behind it",
        )
    })
}

/// Runs a program and takes what it prints.
fn output(words: &[String]) -> Result<Passphrase, Failure> {
    let failed = |problem: String| {
        let program = words.first().map_or("", String::as_str);
        Failure::local(
            format!("no passphrase from the command {program}: {problem}"),
            "run it by hand; it must print the passphrase and nothing else",
        )
    };
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("the command is empty".to_owned()));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    let taken = child.stdout.take().map(take);
    let status = child.wait().map_err(|cause| failed(cause.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    taken
        .unwrap_or(Err("it prints nothing".to_owned()))
        .map_err(failed)
}

fn take(from: impl Read) -> Result<Passphrase, String> {
    // All the room at once: a buffer that grows leaves copies of the secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(MOST + 1));
    let limit = u64::try_from(MOST + 1).unwrap_or(u64::MAX);
    from.take(limit)
        .read_to_end(&mut content)
        .map_err(|cause| cause.to_string())?;
    if content.len() > MOST {
        return Err(format!("it is longer than {MOST} bytes"));
    }
    let text = std::str::from_utf8(&content).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(Passphrase::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn with(content: &str, mode: u32) -> Result<Passphrase, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("passphrase");
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("own file");
        read(&path)
    }

    #[test]
    fn one_line_feed_at_the_end_does_not_count() {
        assert_eq!(
            with("correct horse\n", 0o600).expect("good").expose(),
            "correct horse"
        );
        assert_eq!(
            with("correct horse", 0o400).expect("good").expose(),
            "correct horse"
        );
        assert_eq!(
            with("correct\n\n", 0o600).expect("good").expose(),
            "correct\n"
        );
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_a_hint() {
        let failure = with("correct horse", 0o640).expect_err("open to the group");
        assert!(failure.hint.starts_with("chmod 600 "), "{}", failure.hint);
        with("\n", 0o600).expect_err("empty");
    }

    #[test]
    fn a_command_tells_the_passphrase() {
        let words = |text: &str| -> Vec<String> { text.split('|').map(str::to_owned).collect() };
        let told = output(&words("printf|%s\\n|correct horse")).expect("told");
        assert_eq!(told.expose(), "correct horse");
        let failure = output(&words("sh|-c|echo secret; exit 3")).expect_err("failed");
        assert!(!failure.what.contains("secret"), "{}", failure.what);
    }
}
