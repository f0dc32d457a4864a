//! The names of Unix users that an enclave may have.

use std::fmt;

use serde::Deserialize;

use super::InvalidName;

/// The name of a Unix user that belongs to the enclave: 1 to 32 of `a-z`, `0-9`, `_` and `-`,
/// beginning with a letter or `_`, and none that a system has for itself.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct UnixUser(String);

/// Users and groups that Debian and Arch have, or that well-known packages make.
const RESERVED: [&str; 72] = [
    "_apt",
    "_chrony",
    "adm",
    "alpm",
    "audio",
    "avahi",
    "backup",
    "bin",
    "cdrom",
    "colord",
    "cron",
    "crontab",
    "daemon",
    "dbus",
    "dhcpcd",
    "dialout",
    "dip",
    "disk",
    "dnsmasq",
    "docker",
    "fax",
    "floppy",
    "ftp",
    "games",
    "gdm",
    "git",
    "gnats",
    "http",
    "input",
    "irc",
    "kmem",
    "kvm",
    "libvirt",
    "list",
    "log",
    "lp",
    "mail",
    "man",
    "messagebus",
    "mysql",
    "named",
    "netdev",
    "news",
    "nginx",
    "nobody",
    "nogroup",
    "ntp",
    "operator",
    "plugdev",
    "polkitd",
    "postfix",
    "postgres",
    "proc",
    "prometheus",
    "proxy",
    "render",
    "root",
    "shadow",
    "src",
    "ssh",
    "sshd",
    "staff",
    "sudo",
    "sync",
    "sys",
    "tape",
    "tss",
    "tty",
    "users",
    "uucp",
    "uuidd",
    "wheel",
];
/// More of those, each the beginning of many names.
const RESERVED_PREFIXES: [&str; 2] = ["systemd-", "libvirt-"];

impl UnixUser {
    /// The most octets of a name (`utmp`).
    pub const MAX_OCTETS: usize = 32;

    /// Takes `text` if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let first = |c: char| c.is_ascii_lowercase() || c == '_';
        let fits = (1..=Self::MAX_OCTETS).contains(&text.len())
            && text.starts_with(first)
            && text
                .chars()
                .all(|c| first(c) || c.is_ascii_digit() || c == '-');
        if !fits {
            return Err(InvalidName::UnixUser(text));
        }
        let reserved = RESERVED.contains(&text.as_str())
            || text == "www-data"
            || RESERVED_PREFIXES
                .iter()
                .any(|prefix| text.starts_with(prefix));
        match reserved {
            true => Err(InvalidName::SystemUser(text)),
            false => Ok(Self(text)),
        }
    }

    /// The usual user of the public log, `signstar-log`.
    pub(super) fn log() -> Self {
        Self("signstar-log".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UnixUser {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl fmt::Display for UnixUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_elsewhere_are_refused() {
        for good in [
            "builder",
            "_x",
            "a",
            "signstar-log",
            "iso-2",
            &"a".repeat(32),
        ] {
            assert!(UnixUser::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-D",
            "Builder",
            "a b",
            "a\n",
            "a:b",
            "a/b",
            "1a",
            "a.b",
            "a,b",
            "*",
            "!a",
            "ä",
            &"a".repeat(33),
        ] {
            assert!(
                matches!(UnixUser::new(bad), Err(InvalidName::UnixUser(_))),
                "{bad:?}"
            );
        }
        for taken in ["root", "backup", "sshd", "www-data", "systemd-network"] {
            assert!(
                matches!(UnixUser::new(taken), Err(InvalidName::SystemUser(_))),
                "{taken}"
            );
        }
    }
}
