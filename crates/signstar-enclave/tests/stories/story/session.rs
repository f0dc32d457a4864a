//! A client that speaks for itself: a connection on which requests are written by hand.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use signstar_enclave::processes;

use super::Outcome;

/// A connection that is open.
pub(crate) struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Session {
    /// Opens one with `command`, an `ssh` or `signstar-sign` itself.
    pub(crate) fn open(command: &mut Command) -> Self {
        let mut child = super::started(command.stdin(Stdio::piped()));
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    /// Writes `text`; fails when the other side is gone.
    pub(crate) fn write(&mut self, text: &str) -> std::io::Result<()> {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(text.as_bytes())?;
        stdin.flush()
    }

    /// The input, to be written by another thread.
    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.stdin.take().expect("it is open")
    }

    /// The next line of the other side; none at the end.
    pub(crate) fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("readable");
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("JSON"))
    }

    /// The process of the connection.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes nothing more, and returns all that still comes.
    pub(crate) fn finish(mut self) -> (Vec<Value>, Outcome) {
        drop(self.stdin.take());
        self.wait()
    }

    /// Waits for the other side to end the connection.
    pub(crate) fn wait(mut self) -> (Vec<Value>, Outcome) {
        let answers = std::iter::from_fn(|| self.read()).collect();
        let outcome = Outcome::of_started(self.child);
        drop(self.stdin);
        (answers, outcome)
    }
}

/// `request` in version 1.1.0 under the name `id`.
pub(crate) fn named(request: &Value, id: &str) -> String {
    let mut request = request.clone();
    request["version"] = "1.1.0".into();
    request["optional"]["id"] = json!(id);
    request.to_string() + "\n"
}

/// The code of a refusal, or nothing.
pub(crate) fn code(answer: &Value) -> Option<&str> {
    answer["refusal"]["code"].as_str()
}

/// The processes of `signstar-sign` with the configuration `config`.
pub(crate) fn servers(config: &Path) -> Vec<u32> {
    processes("signstar-sign", config)
}

/// The most memory that the process `id` has had in use, in KiB (proc(5), `VmHWM`).
pub(crate) fn peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
