//! Whether, and how, `ssh` is given a connection that is made here.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Error,
    shortcut::{Family, hand_over},
};

/// A program that makes connections for `ssh`. It is called as `PROGRAM VERB [--family 4|6]
/// [--timeout SECONDS] -- HOST PORT` and has to do what [`Proxy::serve`] does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proxy {
    program: PathBuf,
    verb: &'static str,
}

impl Proxy {
    /// The program at the absolute path `program`, with the verb `connect`:
    /// `signstar-request-signature` is one.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self::with_verb(program, "connect")
    }

    /// The same with another verb: one plain word.
    pub fn with_verb(program: impl Into<PathBuf>, verb: &'static str) -> Self {
        Self {
            program: program.into(),
            verb,
        }
    }

    /// Makes the connection that `words`, what stands behind the verb, ask for, and hands it to
    /// the process at the other end of the socket `to`.
    pub fn serve(words: &[OsString], to: impl AsFd) -> Result<(), Error> {
        let call = Call::read(words).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            Error::Destination(words.join(" "))
        })?;
        let Call { wanted, host, port } = call;
        let Wanted { family, seconds } = wanted;
        let limit = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        hand_over(&host, port, family, limit, to).map_err(|source| Error::Connect {
            host,
            port,
            source,
        })
    }

    /// The options that have `ssh` use it, if it is OpenSSH's and nothing in the configuration of
    /// its user speaks against it. `ask` is the command that prints this configuration.
    pub(crate) fn options(&self, ssh: &OsStr, options: &[String], ask: Command) -> Vec<String> {
        if Path::new(ssh).file_name() != Some(OsStr::new("ssh"))
            || options.iter().any(|option| is_proxy(option))
        {
            return Vec::new();
        }
        configuration(ask)
            .and_then(|configuration| self.command(&configuration))
            .map_or_else(Vec::new, |command| {
                vec![
                    format!("ProxyCommand={command}"),
                    "ProxyUseFdpass=yes".to_owned(),
                ]
            })
    }

    /// The value of `ProxyCommand`: a line for a shell in which `%` begins a token.
    fn command(&self, configuration: &str) -> Option<String> {
        let program = self.program.to_str()?;
        let is_quotable = !program
            .chars()
            .any(|c| matches!(c, '\'' | '\\' | '!') || c.is_control());
        if !is_quotable {
            return None;
        }
        let wanted = Wanted::read(configuration)?;
        let program = program.replace('%', "%%");
        Some(format!(
            "'{program}' {verb}{wanted} -- %h %p",
            verb = self.verb
        ))
    }
}

fn is_proxy(option: &str) -> bool {
    let option = option.trim_start().to_ascii_lowercase();
    option.starts_with("proxy")
}

/// What `ssh -G` prints.
fn configuration(mut ask: Command) -> Option<String> {
    let output = ask
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?
}

/// What a connection has to be like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Wanted {
    family: Family,
    /// How long it may take.
    seconds: Option<u32>,
}

impl Wanted {
    const ANY: Self = Self {
        family: Family::Any,
        seconds: None,
    };

    /// Reads the output of `ssh -G`; nothing if `ssh` has to make the connection itself.
    fn read(configuration: &str) -> Option<Self> {
        let mut wanted = Self::ANY;
        let mut is_host_plain = false;
        for line in configuration.lines() {
            let (key, value) = line.split_once(' ')?;
            match (key, value) {
                ("proxycommand" | "proxyjump" | "bindaddress" | "bindinterface", _)
                | ("checkhostip" | "proxyusefdpass", "yes")
                | ("tcpkeepalive", "no") => return None,
                // It goes through a shell.
                ("hostname", host) => {
                    is_host_plain = host
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
                }
                ("addressfamily", "inet") => wanted.family = Family::V4,
                ("addressfamily", "inet6") => wanted.family = Family::V6,
                ("connecttimeout", seconds) if seconds != "none" => {
                    wanted.seconds = Some(seconds.parse().ok()?);
                }
                _ => {}
            }
        }
        is_host_plain.then_some(wanted)
    }
}

/// As options of the program, each with a space before it.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            Family::Any => {}
            Family::V4 => f.write_str(" --family 4")?,
            Family::V6 => f.write_str(" --family 6")?,
        }
        match self.seconds {
            Some(seconds) => write!(f, " --timeout {seconds}"),
            None => Ok(()),
        }
    }
}

/// What stands behind the verb.
#[derive(Debug, Eq, PartialEq)]
struct Call {
    wanted: Wanted,
    host: String,
    port: u16,
}

impl Call {
    fn read(words: &[OsString]) -> Option<Self> {
        let mut words = words.iter().map(|word| word.to_str());
        let mut wanted = Wanted::ANY;
        loop {
            match words.next()?? {
                "--family" => {
                    wanted.family = match words.next()?? {
                        "4" => Family::V4,
                        "6" => Family::V6,
                        _ => return None,
                    }
                }
                "--timeout" => wanted.seconds = Some(words.next()??.parse().ok()?),
                // Whoever reads command lines may have taken it away.
                "--" => {}
                option if option.starts_with('-') => return None,
                host => {
                    let port = words.next()??.parse().ok()?;
                    let host = host.to_owned();
                    let call = Self { wanted, host, port };
                    return words.next().is_none().then_some(call);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(configuration: &str) -> Option<String> {
        Proxy::new("/opt/100% free/signer").command(configuration)
    }

    #[test]
    fn a_plain_destination_is_connected_to_from_here() {
        let line = "hostname enclave.example.org\nport 22\nconnecttimeout none";
        let wanted = "'/opt/100%% free/signer' connect -- %h %p";
        assert_eq!(command(line).as_deref(), Some(wanted));
        let line = "hostname 2001:db8::1\naddressfamily inet6\nconnecttimeout 5";
        let wanted = "'/opt/100%% free/signer' connect --family 6 --timeout 5 -- %h %p";
        assert_eq!(command(line).as_deref(), Some(wanted));
    }

    #[test]
    fn it_understands_what_it_has_ssh_say() {
        let configuration = "hostname 2001:db8::1\naddressfamily inet6\nconnecttimeout 5";
        let proxy = Proxy::with_verb("/opt/signer", "--signstar-connect");
        let line = proxy.command(configuration).expect("plain");
        let (called, rest) = line.split_once(" --signstar-connect ").expect("the verb");
        assert_eq!(called, "'/opt/signer'");
        let said = rest.replace("%h", "2001:db8::1").replace("%p", "22");
        let words: Vec<_> = said.split(' ').map(OsString::from).collect();
        let call = Call {
            wanted: Wanted {
                family: Family::V6,
                seconds: Some(5),
            },
            host: "2001:db8::1".to_owned(),
            port: 22,
        };
        assert_eq!(Call::read(&words), Some(call));
        for bad in [
            "",
            "host",
            "host 22 more",
            "--family 5 host 22",
            "-x host 22",
            "host 65536",
        ] {
            let words: Vec<_> = bad.split(' ').map(OsString::from).collect();
            assert_eq!(Call::read(&words), None, "{bad}");
        }
    }

    #[test]
    fn what_the_user_configured_stays() {
        for own in [
            "proxycommand nc %h %p",
            "proxyjump bastion",
            "bindaddress 192.0.2.1",
            "tcpkeepalive no",
            "checkhostip yes",
        ] {
            let configuration = format!("hostname enclave\n{own}");
            assert_eq!(command(&configuration), None, "{own}");
        }
        assert!(is_proxy("ProxyCommand=none"));
        assert!(!is_proxy("Port=22"));
    }

    #[test]
    fn nothing_but_a_name_goes_through_a_shell() {
        assert_eq!(command("hostname $(reboot)"), None);
        assert_eq!(command("port 22"), None);
        let quoted = Proxy::new("/it's/here");
        assert_eq!(quoted.command("hostname enclave"), None);
    }

    #[test]
    fn only_what_is_called_ssh_is_asked() {
        let ask = || {
            let mut ask = Command::new("printf");
            ask.arg("hostname enclave\n");
            ask
        };
        let proxy = Proxy::new("/bin/signer");
        assert_eq!(proxy.options("/bin/ssh".as_ref(), &[], ask()).len(), 2);
        assert!(proxy.options("/bin/plink".as_ref(), &[], ask()).is_empty());
        let own = ["ProxyJump=none".to_owned()];
        assert!(proxy.options("ssh".as_ref(), &own, ask()).is_empty());
        assert!(
            proxy
                .options("ssh".as_ref(), &[], Command::new("false"))
                .is_empty()
        );
    }
}
