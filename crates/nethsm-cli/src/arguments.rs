//! The command line.

use std::env;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use nethsm::passphrase::Passphrase;

use crate::answer::Format;
use crate::backup::Backup;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::failure::{Failure, statuses};
use crate::globals::Globals;
use crate::health::Health;
use crate::info::Info;
use crate::key::Key;
use crate::lock::{Lock, Unlock};
use crate::metrics::Metrics;
use crate::namespace::Namespace;
use crate::noun::{Noun, Reach, noun, with_callers};
use crate::openpgp::Openpgp;
use crate::provision::Provision;
use crate::random::Random;
use crate::shell::Shell;
use crate::system::System;
use crate::user::User;

const PROFILES: &str = "\
Profiles (~/.config/nethsm/config.toml, or below XDG_CONFIG_HOME):
  default = \"build\"                          # used without --profile

  [profiles.build]
  url = \"https://hsm.example.org\"
  tls = \"pin:...\"                            # system, ca:FILE, pin:SHA256, insecure

  [[profiles.build.users]]                   # for each call the first one that may make it
  name = \"admin\"
  role = \"Administrator\"                     # Operator, Metrics, Backup
  passphrase = \"prompt\"                      # the default; or one of
  # passphrase = { file = \"admin.passphrase\" }          # beside this file, mode 600
  # passphrase = { command = [\"pass\", \"show\", \"hsm\"] }  # what it prints
  # passphrase = \"keyring\"                   # from the desktop, with secret-tool:
  #   secret-tool store --label NetHSM service nethsm url URL user NAME
  #   (URL in full: https://hsm.example.org/api/v1; the first of several)

Passphrases are never given on the command line or in the environment.

Several devices with the same users and keys stand in one profile:
  [profiles.both]
  urls = [\"https://one.example.org\", \"https://two.example.org\"]
  tls = [\"pin:...\", \"pin:...\"]              # one for each, or one for all
What changes nothing, signing among it, is done by the first that is well. Users, keys and
namespaces are changed at the first that is operational: all see that if they are one cluster.
For everything else one of them has to be named, with --url.

With --output json every answer is one JSON value on standard output. On standard error stand
{\"error\":{\"kind\",\"message\",\"hint\"}} for a failure, {\"warning\":{\"message\",\"device\"}} and
{\"note\":{\"message\",\"device\"}}: one object per line.
";

/// Everything a NetHSM can do.
#[derive(Debug, Parser)]
#[command(name = "nethsm", version, after_help = statuses())]
#[command(after_long_help = format!("{PROFILES}\n{}", statuses()))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be asked of the device, and what has nothing to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Device(Box<Device>),
    #[command(flatten)]
    Shell(Shell),
}

noun! {
    /// What can be asked of the device.
    Device {
        /// Tell who made the device.
        Info: [GetInfo],
        /// Start a fresh device for the first time; its first user is admin.
        Provision: [ProvisionDevice],
        /// Lock the device.
        Lock: [LockDevice],
        /// Make a locked device operational.
        Unlock: [UnlockDevice],
        /// Make random bytes.
        Random: [GetRandom],
        /// Tell what the device has counted.
        Metrics: [GetMetrics],
    } holding {
        /// Users and their tags.
        User,
        /// Namespaces: keys and users of their own.
        Namespace,
        /// Keys: make, use, restrict.
        Key,
        /// OpenPGP certificates and signatures with keys of the device.
        Openpgp,
        /// The configuration of the device.
        Config,
        /// Backups: make, restore, look into.
        Backup,
        /// The device itself: versions, restarts, updates.
        System,
        /// Several devices with one store.
        Cluster,
    } defaulting {
        /// How the device is [default: state].
        Health,
    }
}

/// Every verb, and the calls it makes.
pub(crate) fn verbs() -> Vec<Reach> {
    let mut verbs = Vec::new();
    Device::reach(&[], &mut verbs);
    verbs
}

/// The whole tree, with what the table of calls knows about every verb.
pub(crate) fn command() -> clap::Command {
    with_callers(Arguments::command(), &verbs())
}

/// Reads the command line. Ends with help, or with a complaint to a person; a complaint to a
/// program is a failure as any other.
pub(crate) fn parse() -> Result<Arguments, Failure> {
    let matches = command().try_get_matches();
    let read = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    read.map_err(|error| {
        if !error.use_stderr() || asked_format(env::args_os()) == Format::Text {
            error.exit();
        }
        wrong_usage(&error)
    })
}

/// The format that a command line asks for which may be wrong otherwise.
fn asked_format(arguments: impl Iterator<Item = OsString>) -> Format {
    let mut format = Format::default();
    let mut is_next = false;
    for argument in arguments.take_while(|argument| argument != "--") {
        let argument = argument.to_string_lossy();
        let value = match argument.strip_prefix("--output=") {
            Some(value) => Some(value),
            None => is_next.then_some(argument.as_ref()),
        };
        if let Some(value) = value {
            format = Format::from_str(value, false).unwrap_or(format);
        }
        is_next = argument == "--output";
    }
    format
}

/// What clap says in several paragraphs, as one line and a hint.
fn wrong_usage(error: &clap::Error) -> Failure {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = error.render().to_string();
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let what = match paragraphs.next() {
        Some(first) if !is_help => one_line(first.trim_start_matches("error:")),
        _ => "a command is missing".to_owned(),
    };
    let tip = paragraphs.find_map(|text| text.strip_prefix("tip:"));
    let usage = text.lines().find(|line| line.starts_with("Usage:"));
    let hint = tip.or(usage).unwrap_or("see `--help`");
    Failure::usage(what, one_line(hint))
}

/// A new passphrase, in a file or typed twice.
#[derive(Args, Debug)]
pub(crate) struct NewPassphrase {
    #[arg(long, value_name = "FILE", help = format!(
        "The file with the new passphrase, {} to {} bytes [default: asked for twice]",
        Passphrase::MIN, Passphrase::MAX
    ))]
    pub(crate) new_passphrase_file: Option<std::path::PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_the_device_is_made_by_a_command() {
        let verbs = verbs();
        for row in nethsm::table::TABLE {
            let made = verbs.iter().any(|verb| verb.rows.contains(row));
            assert!(made, "no command makes the call {}", row.name);
        }
    }

    #[test]
    fn the_format_is_known_though_the_rest_is_wrong() {
        let asked = |line: &str| asked_format(line.split(' ').map(OsString::from));
        assert_eq!(asked("nethsm --output json kye"), Format::Json);
        assert_eq!(asked("nethsm kye --output=json"), Format::Json);
        for text in [
            "nethsm kye",
            "nethsm -- --output json",
            "nethsm --output yaml",
        ] {
            assert_eq!(asked(text), Format::Text, "{text}");
        }
    }

    #[test]
    fn every_verb_is_on_the_command_line() {
        Arguments::command().debug_assert();
        for verb in verbs() {
            let mut at = &Arguments::command();
            for word in &verb.words {
                let found = at.find_subcommand(word);
                at = Box::leak(Box::new(found.expect(word).clone()));
            }
            assert!(!at.has_subcommands(), "{:?}", verb.words);
            assert!(at.get_about().is_some(), "{:?}", verb.words);
        }
    }

    #[test]
    fn every_verb_is_shown_in_a_session() {
        let shown: Vec<_> = crate::shell::EXAMPLES
            .iter()
            .flat_map(|(_, page)| page.lines())
            .filter_map(|line| line.strip_prefix("$ nethsm "))
            .collect();
        for verb in verbs() {
            let words = verb.words.join(" ");
            let is_it = |line: &&str| line.split(words.as_str()).nth(1).is_some();
            assert!(shown.iter().any(is_it), "no example of nethsm {words}");
        }
    }

    #[test]
    fn no_argument_takes_a_passphrase() {
        fn all(command: &clap::Command, found: &mut Vec<String>) {
            for argument in command.get_arguments() {
                assert!(argument.get_env().is_none(), "{argument}");
                found.extend(argument.get_long().map(str::to_owned));
            }
            for below in command.get_subcommands() {
                all(below, found);
            }
        }
        let mut found = Vec::new();
        all(&Arguments::command(), &mut found);
        for long in found.iter().filter(|long| long.contains("pass")) {
            assert!(long.ends_with("-file"), "--{long}");
        }
    }
}
