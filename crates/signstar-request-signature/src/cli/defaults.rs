//! What holds where the command line says nothing.

use std::{env, path::PathBuf};

use signstar_request_signature::{Destination, Error, Remote, Settings};

/// The settings of this user, as the XDG Base Directory Specification has it.
fn settings() -> Result<Settings, Error> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    match folder {
        Some(folder) => Settings::read(&folder.join("signstar/client.toml")),
        None => Ok(Settings::default()),
    }
}

/// What is known of the enclave called `name`, or of the default.
///
/// Where a destination is given, the settings need not agree on a default.
pub(crate) fn enclave(name: Option<&str>, to: Option<Destination>) -> Result<Remote, Error> {
    let to = match (to, name) {
        (None, None) => from_environment()?,
        (to, _) => to,
    };
    let known = match settings()?.enclave(name) {
        Err(Error::WhichEnclave(_)) if to.is_some() => Remote::default(),
        known => known?,
    };
    Ok(Remote {
        destination: to.or(known.destination),
        ..known
    })
}

fn from_environment() -> Result<Option<Destination>, Error> {
    match env::var("SIGNSTAR_DESTINATION") {
        Ok(text) => text.parse().map(Some),
        Err(_) => Ok(None),
    }
}
