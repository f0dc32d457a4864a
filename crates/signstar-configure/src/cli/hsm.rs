//! `signstar-configure hsm`, `rotate`, `backup` and `restore`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Subcommand};
use signstar::config::HsmName;
use signstar_configure::{
    hsm::{self, Form, HsmError, Outcome, Scope},
    shares::Patience,
};

#[derive(Debug, Subcommand)]
pub(super) enum Devices {
    /// Bring HSMs to what the configuration says.
    #[command(subcommand)]
    Hsm(Hsm),
    /// Give new passphrases to users of HSMs; who signs goes on signing.
    Rotate {
        #[command(flatten)]
        selection: Selection,

        #[command(flatten)]
        people: People,

        /// Only this user of the HSM; may be repeated.
        #[arg(long = "user", value_name = "NAME")]
        users: Vec<String>,

        /// Instead, new administrative credentials: of all administrators, of backups, and what
        /// unlocks the devices. Backups made before open with the old ones only, which are dropped.
        #[arg(long, conflicts_with = "users")]
        administrators: bool,
    },
    /// Make a backup, or prove that one is good.
    #[command(args_conflicts_with_subcommands = true)]
    Backup {
        #[command(flatten)]
        selection: Selection,

        #[command(flatten)]
        people: People,

        #[command(subcommand)]
        verb: Option<Backup>,
    },
    /// Restore a backup on a device.
    Restore {
        #[command(flatten)]
        selection: Selection,

        #[command(flatten)]
        people: People,

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
    /// complete it. With credentials in shares, exit status 20 tells whose shares are waited for.
    Apply {
        #[command(flatten)]
        selection: Selection,

        #[command(flatten)]
        people: People,

        #[command(flatten)]
        enough: Enough,
    },
    /// Read the log of each YubiHSM2 that has an `auditor`, keep it on this host, and check that nothing
    /// is missing. Exit status: 0 nothing; 10 something is missing.
    Audit {
        #[command(flatten)]
        selection: Selection,

        /// Again and again, three times a second, until somebody ends this; one HSM at a time.
        #[arg(long)]
        follow: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Restore a backup into a software HSM that is thrown away, and sign with every key; of a YubiHSM2,
    /// open every object.
    Verify {
        #[command(flatten)]
        selection: Selection,

        #[command(flatten)]
        people: People,

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

/// Whom a ceremony waits for, where the credentials are in shares.
#[derive(Args, Debug, Default)]
pub(super) struct People {
    /// Wait so long for holders to upload their shares [default: 0].
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u32>,
}

/// How many holders it takes to put new shares in force.
#[derive(Args, Debug, Default)]
pub(super) struct Enough {
    /// New shares are in force when so many holders have confirmed that they can read theirs, at
    /// least the threshold [default: all].
    #[arg(long, value_name = "N")]
    enough: Option<u8>,
}

impl People {
    pub(super) fn patience(&self, enough: &Enough) -> Patience {
        Patience {
            wait: Duration::from_secs(self.wait.unwrap_or_default().into()),
            enough: enough.enough,
        }
    }
}

impl Selection {
    fn scope(self, config: Option<&Path>, patience: Patience) -> Scope {
        Scope {
            config: config.map(Path::to_path_buf),
            hsm: self.hsm,
            trust_new: self.trust_new,
            remove_users: self.remove_users,
            patience,
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
        let all = Enough::default();
        match self {
            Self::Hsm(Hsm::Plan { selection, json }) => {
                let form = if json { Form::Json } else { Form::Text };
                hsm::plan(&selection.scope(config, Patience::default()), form, out)
            }
            Self::Hsm(Hsm::Apply {
                selection,
                people,
                enough,
            }) => hsm::apply(&selection.scope(config, people.patience(&enough)), out),
            Self::Hsm(Hsm::Audit { selection, follow }) => {
                hsm::audit(&selection.scope(config, Patience::default()), follow, out)
            }
            Self::Rotate {
                selection,
                people,
                administrators: true,
                ..
            } => hsm::rotate_administrators(&selection.scope(config, people.patience(&all)), out),
            Self::Rotate {
                selection,
                people,
                users,
                ..
            } => hsm::rotate(&selection.scope(config, people.patience(&all)), &users, out),
            Self::Backup {
                selection,
                people,
                verb: None,
            } => hsm::backup(&selection.scope(config, people.patience(&all)), out),
            Self::Backup {
                verb:
                    Some(Backup::Verify {
                        selection,
                        people,
                        file,
                    }),
                ..
            } => {
                let scope = selection.scope(config, people.patience(&all));
                hsm::verify_backup(&scope, file.as_deref(), out)
            }
            Self::Restore {
                selection,
                people,
                device,
                file,
            } => {
                let scope = selection.scope(config, people.patience(&all));
                hsm::restore(&scope, &device, &file, out)
            }
        }
    }
}
