//! `signstar-configure shares`.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use signstar::config::UserName;
use signstar_configure::shares::{self, Refused, Renewal, SharesError};

use super::hsm::{Enough, People};

/// Credentials that several people open together.
///
/// Each holder of a share is a Unix user that downloads and uploads its own share over SSH. `hsm
/// apply` and its like wait for a threshold of them.
#[derive(Debug, Subcommand)]
pub(super) enum Shares {
    Exchange(Exchange),
    /// Tell who has confirmed which share, and whose shares are there.
    Status,
    /// Make new shares where the configuration has other holders or another threshold.
    ///
    /// It takes a threshold of the old ones. The new ones are in force when their holders have
    /// confirmed that they can read them; until then the old ones are. Run it again to complete it.
    /// Exit status: 0 done, or nothing to do; 20 shares are waited for.
    Renew {
        #[command(flatten)]
        people: People,

        #[command(flatten)]
        enough: Enough,

        /// Make new ones in any case: a share was lost.
        #[arg(long)]
        anew: bool,

        /// Give up what was begun; the old shares stay.
        #[arg(long, conflicts_with = "anew")]
        abandon: bool,
    },
    /// Erase all shares that were uploaded, and open nothing.
    Wipe,
}

/// Hand a holder its own share, and take it.
///
/// This is the forced command of holders: `sshd` starts it when one connects. The holder is the Unix
/// user that runs it. Only where the configuration says `identity = "authorized-keys"` does --user
/// name it.
#[derive(Args, Debug)]
#[command(after_help = "\
The command of `ssh HOST COMMAND` (SSH_ORIGINAL_COMMAND) is one of:
  download           the own share, encrypted to the SSH key of its holder: the newest one
  download in-force  the one that is in force while newer ones are confirmed
  upload             takes the own share, decrypted, from the standard input
  status             tells what is waited for
  help               tells these

Exit status: 0 done; 1 the host is not set up for this; 2 no such command; 3 refused, with the reason.")]
pub(super) struct Exchange {
    /// The user, set by `command=` in `authorized_keys`.
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,
}

impl Shares {
    pub(super) fn run(self, config: Option<&Path>) -> ExitCode {
        let mut out = io::stdout().lock();
        let done = match self {
            Self::Exchange(exchange) => {
                drop(out);
                return exchange.run(config);
            }
            Self::Status => shares::status(config, &mut out),
            Self::Wipe => shares::wipe(config, &mut out),
            Self::Renew {
                people,
                enough,
                anew,
                abandon,
            } => {
                let renewal = match (anew, abandon) {
                    (_, true) => Renewal::Abandon,
                    (true, _) => Renewal::Anew,
                    _ => Renewal::AsConfigured,
                };
                shares::renew(config, renewal, people.patience(&enough), &mut out)
            }
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report(&error);
                ExitCode::from(error.exit_status())
            }
        }
    }
}

fn report(error: &SharesError) {
    // There is nobody left to tell if this fails.
    let _ = writeln!(
        io::stderr().lock(),
        "error: {}\nhint: {}",
        error.whole(),
        error.hint()
    );
}

impl Exchange {
    fn run(self, config: Option<&Path>) -> ExitCode {
        let asked = std::env::var_os("SSH_ORIGINAL_COMMAND");
        match shares::exchange(config, self.user, asked.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tell(&error);
                ExitCode::from(error.exit_status())
            }
        }
    }
}

/// Over SSH this is the screen of a holder, who is told what they can do about their own share.
fn tell(error: &Refused) {
    let mut stderr = io::stderr().lock();
    let is_elsewhere = std::env::var_os("SSH_CONNECTION").is_some();
    let _ = match error {
        Refused::Host(_) | Refused::Shares(_) if is_elsewhere => {
            writeln!(stderr, "error: {}", error.message())
        }
        _ => writeln!(stderr, "error: {}\nhint: {}", error.whole(), error.hint()),
    };
}
