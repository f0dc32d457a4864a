//! Whether `sshd` will do what it was told.

use std::process::{Command, Stdio};

use super::{login::Login, reload::program, sshd};
use crate::Error;

/// Fails unless `sshd` takes its configuration and each of `logins` gets its forced command: a
/// file that is not included is no help.
pub(crate) fn check(logins: &[Login<'_>]) -> Result<(), Error> {
    ask(&["-t"])?;
    for login in logins {
        let who = format!("user={},host=host.invalid,addr=192.0.2.1", login.user);
        let said = ask(&["-T", "-C", &who])?;
        let expected = [
            format!("forcecommand {}", login.command),
            format!("authorizedkeysfile {}/%u", sshd::KEYS),
            "authenticationmethods publickey".to_owned(),
            "disableforwarding yes".to_owned(),
            "permittty no".to_owned(),
            "permituserrc no".to_owned(),
            "permittunnel no".to_owned(),
        ];
        let missing = expected
            .iter()
            .find(|line| !said.lines().any(|said| said == *line));
        if let Some(missing) = missing {
            return Err(Error::Program {
                program: "sshd",
                reason: format!("for {} it does not say `{missing}`", login.user),
            });
        }
    }
    Ok(())
}

fn ask(words: &[&str]) -> Result<String, Error> {
    let failed = |reason: String| Error::Program {
        program: "sshd",
        reason,
    };
    let output = Command::new(program("sshd"))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
    }
}
