//! `signstar-configure hsm`, `rotate`, `backup` and `restore`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use signstar::config::HsmName;
use signstar_configure::hsm::{self, Form, HsmError, Outcome, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum Devices {
    /// Bring HSMs to what the configuration says.
    #[command(subcommand)]
    Hsm(Hsm),
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
        verb: Option<Backup>,
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
pub(super) enum Hsm {
    /// Tell what is to be done, and do nothing. Exit status: 0 nothing; 10 something.
    Plan {
        #[command(flatten)]
        selection: Selection,

        /// Print one object of JSON: for each HSM its `steps`, `refusals` and `notes`.
        #[arg(long)]
        json: bool,
    },
    /// Do it, and make a backup if anything was changed. When this ends early, run it again to
    /// complete it.
    Apply {
        #[command(flatten)]
        selection: Selection,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Restore a backup into a software HSM that is thrown away, and sign with every key.
    Verify {
        #[command(flatten)]
        selection: Selection,

        /// The backup [default: the newest].
        file: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(super) struct Selection {
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

impl Selection {
    fn scope(self, config: Option<&Path>) -> Scope {
        Scope {
            config: config.map(Path::to_path_buf),
            hsm: self.hsm,
            trust_new: self.trust_new,
            remove_users: self.remove_users,
        }
    }
}

impl Devices {
    pub(super) fn run(self, config: Option<&Path>) -> ExitCode {
        match self.ended(config, &mut io::stdout().lock()) {
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

    fn ended(self, config: Option<&Path>, out: &mut dyn Write) -> Result<Outcome, HsmError> {
        match self {
            Self::Hsm(Hsm::Plan { selection, json }) => {
                let form = if json { Form::Json } else { Form::Text };
                hsm::plan(&selection.scope(config), form, out)
            }
            Self::Hsm(Hsm::Apply { selection }) => hsm::apply(&selection.scope(config), out),
            Self::Rotate { selection, users } => hsm::rotate(&selection.scope(config), &users, out),
            Self::Backup {
                selection,
                verb: None,
            } => hsm::backup(&selection.scope(config), out),
            Self::Backup {
                verb: Some(Backup::Verify { selection, file }),
                ..
            } => hsm::verify_backup(&selection.scope(config), file.as_deref(), out),
            Self::Restore {
                selection,
                device,
                file,
            } => hsm::restore(&selection.scope(config), &device, &file, out),
        }
    }
}
