//! Whether, and how, `ssh` is given a connection that is made here.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A program that makes connections for `ssh`: called as `PROGRAM connect [--family 4|6]
/// [--timeout SECONDS] -- HOST PORT`, it does what [`hand_over`](crate::hand_over) does with its
/// standard output. `signstar-request-signature` is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proxy(PathBuf);

impl Proxy {
    /// The program at the absolute path `program`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self(program.into())
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
        let program = self.0.to_str()?;
        let is_quotable = !program
            .chars()
            .any(|c| matches!(c, '\'' | '\\' | '!') || c.is_control());
        if !is_quotable {
            return None;
        }
        let wanted = Wanted::read(configuration)?;
        let program = program.replace('%', "%%");
        Some(format!(
            "'{program}' connect{wanted} -- %h %p",
            wanted = wanted.0
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

/// What a connection has to be like, as options of the program that makes it.
#[derive(Debug, Eq, PartialEq)]
struct Wanted(String);

impl Wanted {
    /// Reads the output of `ssh -G`; nothing if `ssh` has to make the connection itself.
    fn read(configuration: &str) -> Option<Self> {
        let mut options = String::new();
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
                ("addressfamily", "inet") => options.push_str(" --family 4"),
                ("addressfamily", "inet6") => options.push_str(" --family 6"),
                ("connecttimeout", seconds) if seconds != "none" => {
                    let seconds: u32 = seconds.parse().ok()?;
                    options.push_str(&format!(" --timeout {seconds}"));
                }
                _ => {}
            }
        }
        is_host_plain.then_some(Self(options))
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
