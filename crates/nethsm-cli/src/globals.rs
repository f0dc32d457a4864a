//! What can be said with every command.

use std::path::PathBuf;

use clap::Args;
use nethsm::client::{Tls, Url};
use nethsm::id::UserId;

use crate::answer::Format;

/// What can be said with every command.
#[derive(Args, Debug, Default)]
pub(crate) struct Globals {
    /// The device, `https://HOST[:PORT][/api/v1]` [default: that of the profile]. With this, a
    /// profile counts only if it is named. Given more than once: devices with the same users and
    /// keys, of which the first that is well is asked.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "With every command"
    )]
    pub(crate) url: Vec<Url>,

    /// How to recognise the device: system (an authority that this system trusts), ca:FILE,
    /// pin:SHA256 (of its certificate), insecure [default: that of the profile, or system].
    /// With several devices once for all, or once for each.
    #[arg(
        long,
        global = true,
        value_name = "MODE",
        help_heading = "With every command"
    )]
    pub(crate) tls: Vec<Tls>,

    /// Who to be, NAMESPACE~NAME in a namespace [default: the first user of the profile that may
    /// make the call].
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "With every command"
    )]
    pub(crate) user: Option<UserId>,

    /// The file with the passphrase of that user, readable by its owner only; one line feed at
    /// its end does not count [default: as the profile says, or asked for].
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        requires = "user",
        help_heading = "With every command"
    )]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// The profile in ~/.config/nethsm/config.toml [default: the one that it names].
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "With every command"
    )]
    pub(crate) profile: Option<String>,

    /// How long one call may take, in seconds [default: 30; 600 for what takes long].
    #[arg(
        long, global = true, value_name = "SECONDS", help_heading = "With every command",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) timeout: Option<u64>,

    /// How to show what is answered.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        hide_default_value = true,
        default_value_t,
        help_heading = "With every command"
    )]
    pub(crate) output: Format,

    /// Tell on standard error which device answered.
    #[arg(long, short, global = true, help_heading = "With every command")]
    pub(crate) verbose: bool,

    /// Do not ask before something is destroyed.
    #[arg(long, short, global = true, help_heading = "With every command")]
    pub(crate) yes: bool,
}
