//! Who logs in over SSH, and to what.

use signstar::config::{Config, Identity, Role, SshKey, UnixUser};

use crate::Error;

/// A Unix user that runs one program when it logs in, and nothing else.
#[derive(Debug)]
pub(crate) struct Login<'c> {
    /// Its name.
    pub(crate) user: UnixUser,
    /// What it is, for people who read `/etc/passwd`.
    pub(crate) what: &'static str,
    /// The program that is its shell: it takes `command` and no other.
    pub(crate) shell: &'static str,
    /// The forced command.
    pub(crate) command: &'static str,
    /// Whether it talks to an HSM.
    pub(crate) reaches_hsm: bool,
    /// The keys that it logs in with.
    pub(crate) keys: &'c [SshKey],
}

/// What every description of a Unix user of ours begins with.
pub(crate) const MARK: &str = "Signstar ";
/// The shell of clients. It signs for whoever runs it, and links nothing that knows of shares.
pub(crate) const SIGN: &str = "/usr/bin/signstar-sign";
/// The shell of users that sign nothing.
pub(crate) const CONFIGURE: &str = "/usr/bin/signstar-configure";

/// All logins: clients first, each by name.
///
/// Fails where Unix users do not tell who somebody is.
pub(crate) fn logins(config: &Config) -> Result<Vec<Login<'_>>, Error> {
    if config.identity != Identity::UnixUser {
        return Err(Error::NoUnixUsers);
    }
    let mut logins = Vec::new();
    for (name, rules) in &config.clients {
        logins.push(Login {
            user: UnixUser::new(name.as_str())?,
            what: "Signstar client",
            shell: SIGN,
            command: "signstar-sign",
            reaches_hsm: true,
            keys: &rules.ssh_keys,
        });
    }
    for (name, user) in &config.users {
        let (what, command) = match &user.role {
            Role::Certificates => ("Signstar certificates", "download certificates"),
            Role::Metrics => ("Signstar metrics", "download metrics"),
            Role::Backup(_) => ("Signstar backup", "download backup"),
            Role::ShareHolder => ("Signstar share holder", "shares exchange"),
        };
        logins.push(Login {
            user: UnixUser::new(name.as_str())?,
            what,
            shell: CONFIGURE,
            command,
            reaches_hsm: matches!(user.role, Role::Backup(_)),
            keys: &user.ssh_keys,
        });
    }
    Ok(logins)
}
