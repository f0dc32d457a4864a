//! The system's `ssh`, which knows the user's hosts, keys and agents.

use std::{
    ffi::OsString,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    str::FromStr,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{Error, Proxy};

/// How long a connection that has nothing more to say may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Where an enclave is, as `ssh` takes it: `host`, `user@host` or `ssh://user@host:port`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Destination(String);

/// How to reach an enclave.
#[derive(Clone, Debug)]
pub struct Ssh {
    program: OsString,
    options: Vec<String>,
    destination: Destination,
    proxy: Option<Proxy>,
    /// Found out once: it takes about 10 ms.
    proxy_options: OnceLock<Vec<String>>,
}

/// A running `ssh`. It is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    child: Child,
}

impl Destination {
    /// The destination as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Destination {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let is_plain = !text.starts_with('-')
            && !text.is_empty()
            && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if is_plain {
            Ok(Self(text))
        } else {
            Err(Error::Destination(text))
        }
    }
}

impl FromStr for Destination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::try_from(text.to_owned())
    }
}

impl Ssh {
    /// Reaches `destination` with `program`, usually `ssh`, which is called with the arguments of
    /// OpenSSH's. `options` are as in `ssh_config`, each given as `-o OPTION`.
    pub fn new(
        program: impl Into<OsString>,
        options: Vec<String>,
        destination: Destination,
    ) -> Self {
        Self {
            program: program.into(),
            options,
            destination,
            proxy: None,
            proxy_options: OnceLock::new(),
        }
    }

    /// Has `proxy` make the connection, unless the user configured something like it. It is used
    /// with OpenSSH only: with a program that is called `ssh`.
    #[must_use]
    pub fn through(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Asks `ssh` for the configuration of this destination, if that matters. It takes some time
    /// and is done once, at the latest when a connection is made.
    pub(crate) fn look_ahead(&self) -> &[String] {
        self.proxy_options.get_or_init(|| match &self.proxy {
            Some(proxy) => {
                let mut ask = Command::new(&self.program);
                ask.args(["-T", "-G"]);
                for option in &self.options {
                    ask.args(["-o", option]);
                }
                ask.args(["--", self.destination.as_str()]);
                proxy.options(&self.program, &self.options, ask)
            }
            None => Vec::new(),
        })
    }

    /// Starts `ssh` and returns it with its input and its output. What it says about errors goes
    /// where the standard error output of this process goes.
    ///
    /// Asks for no terminal (`-T`), forwards no agent (`-a`), no X11 (`-x`) and no port: an
    /// enclave allows none of them, and none is lent to it. No command is asked for: the enclave
    /// has one.
    pub(crate) fn connect(&self) -> Result<(Connection, ChildStdin, ChildStdout), Error> {
        let mut command = Command::new(&self.program);
        command.args(["-T", "-a", "-x", "-o", "ClearAllForwardings=yes"]);
        for option in self.options.iter().chain(self.look_ahead()) {
            command.args(["-o", option]);
        }
        let child = command
            .args(["--", self.destination.as_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let failed = |source| Error::StartSsh {
            program: self.program.clone(),
            source,
        };
        let mut child = child.map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let connection = Connection { child };
        match pipes {
            (Some(to), Some(from)) => Ok((connection, to, from)),
            _ => Err(failed(std::io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl Connection {
    /// Waits for the end of a connection whose pipes are at their end.
    ///
    /// There is no status if it does not end within 5 seconds; then it is killed.
    pub(crate) fn end(mut self) -> Option<ExitStatus> {
        let limit = Instant::now() + GRACE;
        while Instant::now() < limit {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
        None
    }

    /// The exit status of a connection that is closed: 255 is that of `ssh` itself, any other is
    /// that of the enclave. There is none if it was killed.
    pub(crate) fn status(self) -> Option<i32> {
        self.end().and_then(|status| status.code())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Fails only if the process has ended, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_never_an_option() {
        for bad in ["", "-oProxyCommand=sh", "a b", "a\nb", " a"] {
            assert!(bad.parse::<Destination>().is_err(), "{bad:?}");
        }
        for good in [
            "enclave",
            "sign@enclave.example.org",
            "ssh://sign@[::1]:2222",
        ] {
            assert_eq!(good.parse::<Destination>().expect("good").as_str(), good);
        }
    }
}
