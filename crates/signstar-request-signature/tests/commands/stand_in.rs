//! Stand-ins for `ssh` and for the enclave behind it: one that signs, and many that misbehave.

use std::{
    fs::{self, File},
    io::{BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use signstar::request::Stream;
use tempfile::TempDir;

use crate::key::Key;

/// A folder with files to sign, a home without settings, and a program in place of `ssh`.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir(folder.path().join("home")).expect("a home");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("read")
    }

    /// What there is besides the stand-ins, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = (self.folder.path().read_dir().expect("read"))
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("UTF-8"))
            .filter(|name| !["home", "ssh"].contains(&name.as_str()))
            .filter(|name| !name.starts_with("wire-"))
            .collect();
        names.sort();
        names
    }

    /// Puts a shell script in the place of `ssh`. `$here` is the folder.
    ///
    /// Another process writes it: a program cannot be started while a file descriptor to write it
    /// is open anywhere, and the tests beside this one fork all the time.
    pub(crate) fn ssh(&self, script: &str) {
        let here = self.folder.path().display();
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(self.path("ssh"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh runs");
        let mut stdin = writer.stdin.take().expect("piped");
        // It has no configuration to tell of, as `ssh -G` would.
        let head = format!("#!/bin/sh\nhere='{here}'\ncase \" $* \" in *' -G '*) exit 1 ;; esac");
        write!(stdin, "{head}\n{script}\n").expect("written");
        drop(stdin);
        assert!(writer.wait().expect("it ends").success());
    }

    /// An `ssh` that behaves as the shell script does after it has read all requests.
    pub(crate) fn ssh_after_input(&self, script: &str) {
        self.ssh(&format!("cat > /dev/null\n{script}"));
    }

    /// Puts an enclave in the place of what `ssh` connects to. `spoil` sees each request and the
    /// response to it, and returns what is sent instead.
    pub(crate) fn enclave(&self, spoil: impl Fn(&[u8], String) -> String + Send + 'static) -> Key {
        self.fickle_enclave(move |request, response| Some(spoil(request, response)))
    }

    /// The same, and where `spoil` returns nothing the connection ends.
    pub(crate) fn fickle_enclave(
        &self,
        spoil: impl Fn(&[u8], String) -> Option<String> + Send + 'static,
    ) -> Key {
        let key = Key::generate();
        let own = key.clone();
        self.answer(move |request| spoil(request, own.respond(request)));
        key
    }

    /// Answers every request.
    pub(crate) fn serve(&self, respond: impl Fn(&[u8]) -> String + Send + 'static) {
        self.answer(move |request| Some(respond(request)));
    }

    /// Answers requests, one connection after the other, each until there is no response; then
    /// `ssh` ends with the status that stands in the file `wire-status`.
    fn answer(&self, respond: impl Fn(&[u8]) -> Option<String> + Send + 'static) {
        make_pipe(&self.path("wire-new"));
        self.write("wire-status", "255");
        // The input of a program in the background is empty unless it is named otherwise.
        self.ssh(
            "echo \"$@\" >> $here/wire-connections\n\
             mkfifo $here/wire-requests-$$ $here/wire-responses-$$\n\
             exec 3<&0\n\
             cat <&3 > $here/wire-requests-$$ &\n\
             exec 3<&-\n\
             echo $$ > $here/wire-new\n\
             cat $here/wire-responses-$$\n\
             exit $(cat $here/wire-status)",
        );
        let here = self.path("");
        thread::spawn(move || {
            while let Ok(new) = fs::read_to_string(here.join("wire-new")) {
                for number in new.lines() {
                    converse(&here, number, &respond);
                }
            }
        });
    }

    /// The program with these arguments, in this folder and with nothing from outside.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signstar-request-signature"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().expect("it runs"))
    }

    /// `send` through the stand-in for `ssh`.
    pub(crate) fn send(&self, arguments: &[&str]) -> Ended {
        let ssh = self.path("ssh");
        let ssh = ssh.to_str().expect("UTF-8");
        let patience: &[&str] = if arguments.contains(&"--patience") {
            &[]
        } else {
            &["--patience", "0"]
        };
        self.run(
            &[
                &["send", "--to", "enclave", "--ssh", ssh],
                patience,
                arguments,
            ]
            .concat(),
        )
    }
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

/// One connection, from its first request to the first that gets no response.
fn converse(here: &Path, number: &str, respond: impl Fn(&[u8]) -> Option<String>) {
    let requests = here.join(format!("wire-requests-{number}"));
    let responses = here.join(format!("wire-responses-{number}"));
    let (Ok(requests), Ok(mut responses)) = (
        File::open(requests),
        File::options().write(true).open(responses),
    ) else {
        return;
    };
    for octets in Stream::new(BufReader::new(requests)) {
        let Ok(octets) = octets else { return };
        let Some(response) = respond(octets.as_slice()) else {
            return;
        };
        if responses.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// A refusal as it is sent, with leave to try again.
pub(crate) fn refusal_for_now(code: &str) -> String {
    serde_json::json!({
        "version": "1.1.0",
        "refusal": {"code": code, "message": "not now", "retry": true}
    })
    .to_string()
}

/// A refusal as it is sent.
pub(crate) fn refusal(code: &str, message: &str) -> String {
    serde_json::json!({
        "version": "1.1.0",
        "refusal": {"code": code, "message": message, "retry": false}
    })
    .to_string()
}

/// `response` spread over several lines, without a line feed at its end.
pub(crate) fn pretty(response: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(response).expect("JSON");
    serde_json::to_string_pretty(&value).expect("JSON")
}
