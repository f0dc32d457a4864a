//! The program `signstar-configure`.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use signstar::config::{HsmName, UserName};
use signstar_configure::{
    Download, Error, download,
    hsm::{self, Form, Outcome},
};

/// What a host of an enclave does besides signing.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hand something out to a user that signs nothing.
    ///
    /// This is the forced command of such a user: `sshd` starts it when one connects. The user is
    /// the Unix user that runs it, and `[user.NAME]` in the configuration gives it this role. Only
    /// where the configuration says `identity = "authorized-keys"` does --user name it.
    #[command(after_help = "\
For certificates, the command of `ssh HOST COMMAND` (SSH_ORIGINAL_COMMAND) is one of:
  openpgp     the OpenPGP certificates of version 4 of all keys, in ASCII armor [default]
  openpgp-v6  those of version 6, which GnuPG does not read
  ssh         a line of allowed_signers for each key that makes SSH signatures
  list        a line for each certificate and each SSH key
Nothing else takes a command.

Exit status: 0 all of it; 1 the host is not set up for this; 2 wrong usage; 3 refused: not a user of
this role; 4 the HSM cannot be reached.")]
    Download(Wanted),

    /// Bring HSMs to what the configuration says.
    #[command(subcommand)]
    Hsm(HsmVerb),

    /// Give new passphrases to users of HSMs; who signs goes on signing.
    Rotate {
        #[command(flatten)]
        selection: Selection,

        /// Only this user of the HSM; may be repeated.
        #[arg(long = "user", value_name = "NAME")]
        users: Vec<String>,
    },

    /// Make a backup, or prove that one is good.
    #[command(args_conflicts_with_subcommands = true)]
    Backup {
        #[command(flatten)]
        selection: Selection,

        #[command(subcommand)]
        verb: Option<BackupVerb>,
    },

    /// Restore a backup on a device.
    Restore {
        #[command(flatten)]
        selection: Selection,

        /// The address of the device, as it stands in the configuration.
        #[arg(long, value_name = "URL")]
        device: String,

        /// The backup.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum HsmVerb {
    /// Tell what is to be done, and do nothing.
    #[command(after_help = STATUSES)]
    Plan {
        #[command(flatten)]
        selection: Selection,

        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Do it, and make a backup if anything was changed.
    #[command(after_help = STATUSES)]
    Apply {
        #[command(flatten)]
        selection: Selection,
    },
}

#[derive(Debug, Subcommand)]
enum BackupVerb {
    /// Restore a backup into a software HSM that is thrown away, and sign with every key.
    Verify {
        #[command(flatten)]
        selection: Selection,

        /// The backup [default: the newest].
        file: Option<PathBuf>,
    },
}

const STATUSES: &str = "\
Exit status: 0 nothing to do, or done; 10 something to do (plan); 20 the administrative credentials
are split into shares; 21 a device cannot be reached; 22 credentials are missing; 1 otherwise.";

#[derive(Args, Debug)]
struct Selection {
    /// The configuration [default: /etc/signstar/signstar.toml, else
    /// /usr/share/signstar/signstar.toml].
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,

    /// Only this HSM.
    #[arg(long, value_name = "NAME")]
    hsm: Option<HsmName>,

    /// Trust a device that was never seen before and shows the certificate with this SHA-256; may be
    /// repeated.
    #[arg(long, value_name = "SHA256")]
    trust_new: Vec<String>,

    /// Delete users of the HSM that the configuration does not name.
    #[arg(long)]
    remove_users: bool,
}

impl From<Selection> for hsm::Scope {
    fn from(selection: Selection) -> Self {
        Self {
            config: selection.config,
            hsm: selection.hsm,
            trust_new: selection.trust_new,
            remove_users: selection.remove_users,
        }
    }
}

#[derive(Args, Debug)]
struct Wanted {
    /// What.
    what: What,

    /// The configuration [default: /etc/signstar/signstar.toml, else
    /// /usr/share/signstar/signstar.toml].
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,

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

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let done = match Arguments::parse().command {
        Command::Download(wanted) => {
            drop(out);
            return hand_out(wanted);
        }
        Command::Hsm(HsmVerb::Plan { selection, json }) => {
            let form = if json { Form::Json } else { Form::Text };
            hsm::plan(&selection.into(), form, &mut out)
        }
        Command::Hsm(HsmVerb::Apply { selection }) => hsm::apply(&selection.into(), &mut out),
        Command::Rotate { selection, users } => hsm::rotate(&selection.into(), &users, &mut out),
        Command::Backup {
            selection,
            verb: None,
        } => hsm::backup(&selection.into(), &mut out),
        Command::Backup {
            verb: Some(BackupVerb::Verify { selection, file }),
            ..
        } => hsm::verify_backup(&selection.into(), file.as_deref(), &mut out),
        Command::Restore {
            selection,
            device,
            file,
        } => hsm::restore(&selection.into(), &device, &file, &mut out),
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Pending) => ExitCode::from(10),
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(
                io::stderr().lock(),
                "error: {}\nhint: {}",
                error.whole(),
                error.hint()
            );
            ExitCode::from(error.exit_status())
        }
    }
}

fn hand_out(Wanted { what, config, user }: Wanted) -> ExitCode {
    let what = match what {
        What::Certificates => Download::Certificates,
        What::Metrics => Download::Metrics,
        What::Backup => Download::Backup,
    };
    let asked = std::env::var_os("SSH_ORIGINAL_COMMAND");
    match download(what, config.as_deref(), user, asked.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(error.exit_status())
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
