//! What is handed out to users that sign nothing.

mod backup;
mod certificates;
mod metrics;

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
};

use signstar::config::{Config, Role, UserName};

use crate::{Error, configuration::configuration, identity::identity, journal::Journal};

/// What is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Download {
    /// The public halves of all keys.
    Certificates,
    /// The metrics of all clients.
    Metrics,
    /// A backup of the HSM of the user.
    Backup,
}

impl Download {
    fn as_str(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Metrics => "metrics",
            Self::Backup => "backup",
        }
    }
}

/// Writes what is wanted to the standard output, if the user of this session has that role.
///
/// `config` is the configuration to use in place of the usual one; `user` is what the command
/// line says about the user, which counts only where the configuration lets it; `asked` is the
/// command that came over SSH.
pub fn download(
    what: Download,
    config: Option<&Path>,
    user: Option<UserName>,
    asked: Option<&OsStr>,
) -> Result<(), Error> {
    let config = configuration(config)?;
    let user = identity(&config, user)?;
    let mut journal = Journal::open(&config.journal)?;
    let mut out = Counted {
        out: io::stdout().lock(),
        octets: 0,
    };
    let done = hand_out(what, &config, &user, asked, &mut out);
    let done = done
        .and_then(|()| out.flush().map_err(Error::Output))
        .map(|()| out.octets);
    journal.write(&user, what.as_str(), &done);
    done.map(drop)
}

fn hand_out(
    what: Download,
    config: &Config,
    user: &UserName,
    asked: Option<&OsStr>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match (what, config.users.get(user).map(|user| &user.role)) {
        (Download::Certificates, Some(Role::Certificates)) => {
            let form = certificates::Form::asked_for(asked)?;
            certificates::hand_out(config, form, out)
        }
        (Download::Metrics, Some(Role::Metrics)) => {
            no_command(asked)?;
            metrics::hand_out(config, out)
        }
        (Download::Backup, Some(Role::Backup(account))) => {
            no_command(asked)?;
            backup::hand_out(config, account, out)
        }
        _ => Err(Error::NotPermitted {
            user: user.clone(),
            role: what.as_str(),
        }),
    }
}

fn no_command(asked: Option<&OsStr>) -> Result<(), Error> {
    match asked {
        None => Ok(()),
        Some(_) => Err(Error::Command(&[])),
    }
}

/// A writer that knows how much went through it.
struct Counted<W> {
    out: W,
    octets: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let length = self.out.write(octets)?;
        self.octets += u64::try_from(length).unwrap_or_default();
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
