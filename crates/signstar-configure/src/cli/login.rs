//! This program as the shell of Unix users that sign nothing.
//!
//! `sshd` runs a forced command as `SHELL -c COMMAND`. There being no other shell, no command can
//! be slipped into one, and without the forced command there is nothing to be had.

use std::ffi::{OsStr, OsString};

/// The forced commands, as they stand in the configuration of `sshd`.
const FORCED: [&str; 4] = [
    "download backup",
    "download certificates",
    "download metrics",
    "shares exchange",
];

/// Somebody wants a shell.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no shell here")]
pub(super) struct NoShell;

/// The words of the command line. As a shell (`-c COMMAND`), those of a forced command.
pub(super) fn words(words: Vec<OsString>) -> Result<Vec<OsString>, NoShell> {
    let is_login = words
        .first()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"-"));
    let command = match words.as_slice() {
        [_, option, command] if option == "-c" => command,
        [_, option, ..] if option == "-c" => return Err(NoShell),
        _ if is_login => return Err(NoShell),
        _ => return Ok(words),
    };
    let forced = FORCED
        .iter()
        .find(|forced| command == OsStr::new(forced))
        .ok_or(NoShell)?;
    let name = OsString::from("signstar-configure");
    Ok(std::iter::once(name)
        .chain(forced.split(' ').map(OsString::from))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[&str]) -> Result<Vec<OsString>, NoShell> {
        words(all.iter().map(OsString::from).collect())
    }

    #[test]
    fn as_a_shell_it_runs_forced_commands_only() {
        let forced = of(&["-signstar-configure", "-c", "download metrics"]);
        let expected = ["signstar-configure", "download", "metrics"].map(OsString::from);
        assert_eq!(forced, Ok(expected.to_vec()));
        for bad in [
            &["signstar-configure", "-c", "sh"][..],
            &["signstar-configure", "-c", "download metrics; id"],
            &["signstar-configure", "-c", "download  metrics"],
            &["signstar-configure", "-c", "host apply"],
            &["signstar-configure", "-c", ""],
            &["signstar-configure", "-c"],
            &["signstar-configure", "-c", "download metrics", "more"],
            &["-signstar-configure"],
            &["-signstar-configure", "host", "apply"],
        ] {
            assert_eq!(of(bad), Err(NoShell), "{bad:?}");
        }
        let usual = ["signstar-configure", "host", "plan"];
        assert_eq!(of(&usual), Ok(usual.map(OsString::from).to_vec()));
    }
}
