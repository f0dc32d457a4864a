//! What a program said, and how it ended.

use std::{
    io::{self, Write},
    process::{Child, Command, Output, Stdio},
    thread,
};

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit status; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Runs `command` to its end, with nothing on its standard input.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output();
        output.map(Self::from).unwrap_or_else(|error| {
            panic!("cannot run {}: {error}", command.get_program().display())
        })
    }

    /// Runs `command` to its end with `input`.
    pub(crate) fn with_input(command: &mut Command, input: impl Into<Vec<u8>>) -> Self {
        let mut child = started(command.stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.into();
        // A program need not read all of it.
        let writing = thread::spawn(move || drop(stdin.write_all(&input)));
        let outcome = Self::of_started(child);
        writing.join().expect("no panic");
        outcome
    }

    /// Waits for the end of what [`started`] began.
    pub(crate) fn of_started(child: Child) -> Self {
        child.wait_with_output().expect("an end").into()
    }

    /// Fails unless the program ended with `code`.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{self:#?}");
    }

    /// Fails if the program ended well.
    #[track_caller]
    pub(crate) fn expect_failure(&self) {
        assert_ne!(self.code, Some(0), "{self:#?}");
    }

    /// Fails unless the program complained about `what`.
    #[track_caller]
    pub(crate) fn expect_complaint(&self, what: &str) {
        assert!(self.stderr.contains(what), "no {what:?} in {self:#?}");
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Starts `command` with its output and errors kept.
pub(crate) fn started(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", command.get_program().display()))
}

/// Says something to whoever reads the output of the tests.
pub(crate) fn tell(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "{text}");
}
