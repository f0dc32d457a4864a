//! What holds where the command line says nothing.

use std::{env, path::PathBuf};

use signstar_request_signature::{Error, Settings};

/// The settings of this user, as the XDG Base Directory Specification has it.
pub(crate) fn settings() -> Result<Settings, Error> {
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
