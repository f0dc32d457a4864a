//! `signstar-configure download`.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use signstar::config::UserName;
use signstar_configure::{Download, Error, download};

/// Hand something out to a user that signs nothing.
///
/// This is the forced command of such a user: `sshd` starts it when one connects. The user is
/// the Unix user that runs it, and `[user.NAME]` in the configuration gives it this role. Only
/// where the configuration says `identity = "authorized-keys"` does --user name it.
#[derive(Args, Debug)]
#[command(after_help = "\
For certificates, the command of `ssh HOST COMMAND` (SSH_ORIGINAL_COMMAND) is one of:
  openpgp     the OpenPGP certificates of version 4 of all keys, in ASCII armor [default]
  openpgp-v6  those of version 6, which GnuPG does not read
  ssh         a line of allowed_signers for each key that makes SSH signatures
  list        a line for each certificate and each SSH key
Nothing else takes a command.

Exit status: 0 all of it; 1 the host is not set up for this; 2 wrong usage; 3 refused: not a user of
this role; 4 the HSM cannot be reached.")]
pub(super) struct Wanted {
    /// What.
    what: What,

    /// The user, set by `command=` in `authorized_keys`.
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The public halves of all keys.
    Certificates,
    /// The metrics of all clients, in the text format of Prometheus.
    Metrics,
    /// A backup of an HSM, as it makes it.
    Backup,
}

impl Wanted {
    pub(super) fn run(self, config: Option<&Path>) -> ExitCode {
        let what = match self.what {
            What::Certificates => Download::Certificates,
            What::Metrics => Download::Metrics,
            What::Backup => Download::Backup,
        };
        let asked = std::env::var_os("SSH_ORIGINAL_COMMAND");
        match download(what, config, self.user, asked.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report(&error);
                ExitCode::from(error.exit_status())
            }
        }
    }
}

/// Over SSH this is the screen of somebody elsewhere, who is told no more than they can use.
fn report(error: &Error) {
    let mut stderr = io::stderr().lock();
    // There is nobody left to tell if this fails.
    let _ = if std::env::var_os("SSH_CONNECTION").is_some() {
        writeln!(stderr, "error: {}", error.message())
    } else {
        writeln!(stderr, "error: {}\nhint: {}", error.whole(), error.hint())
    };
}
