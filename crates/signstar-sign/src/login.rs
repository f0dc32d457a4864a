//! This program as the shell of the Unix users of clients.
//!
//! `sshd` runs a forced command as `SHELL -c COMMAND`. There being no other shell, no command can
//! be slipped into one, and without the forced command there is nothing to be had.

use std::ffi::OsString;

/// The forced command, as it stands in the configuration of `sshd`.
const FORCED: &str = "signstar-sign";

/// Somebody wants a shell.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no shell here")]
pub(crate) struct NoShell;

/// The words of the command line. As a shell (`-c COMMAND`), those of a session.
pub(crate) fn words(words: Vec<OsString>) -> Result<Vec<OsString>, NoShell> {
    let is_login = words
        .first()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"-"));
    match words.as_slice() {
        [_, option, command] if option == "-c" && command == FORCED => Ok(vec![FORCED.into()]),
        [_, option, ..] if option == "-c" => Err(NoShell),
        _ if is_login => Err(NoShell),
        _ => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[&str]) -> Result<Vec<OsString>, NoShell> {
        words(all.iter().map(OsString::from).collect())
    }

    #[test]
    fn as_a_shell_it_signs_and_does_nothing_else() {
        let session = Ok(vec![OsString::from("signstar-sign")]);
        assert_eq!(of(&["signstar-sign", "-c", "signstar-sign"]), session);
        assert_eq!(of(&["-signstar-sign", "-c", "signstar-sign"]), session);
        for bad in [
            &["signstar-sign", "-c", "sh"][..],
            &["signstar-sign", "-c", "signstar-sign --client other"],
            &["signstar-sign", "-c", "signstar-sign", "--client", "other"],
            &["signstar-sign", "-c"],
            &["-signstar-sign"],
            &["-signstar-sign", "self-test"],
        ] {
            assert_eq!(of(bad), Err(NoShell), "{bad:?}");
        }
        let usual = ["signstar-sign", "--client", "builder"];
        assert_eq!(of(&usual), Ok(usual.map(OsString::from).to_vec()));
    }
}
