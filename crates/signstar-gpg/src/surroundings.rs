//! What the process finds around itself.

use std::{env, ffi::OsString, path::PathBuf};

use crate::{Enclaves, Error, Search, VISITED};

/// What the process finds around itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The settings of the user, `client.toml`.
    pub settings: Option<PathBuf>,
    /// The destination that takes precedence over that of the settings.
    pub destination: Option<OsString>,
    /// Where the real `gpg` may be.
    pub search: Search,
}

impl Surroundings {
    /// Those of this process: `XDG_CONFIG_HOME`, `HOME`, `SIGNSTAR_DESTINATION`,
    /// `SIGNSTAR_GPG_REAL` and `PATH`.
    pub fn of_process() -> Self {
        let given = |name| env::var_os(name).filter(|value| !value.is_empty());
        let folder = |name| {
            given(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
        Self {
            settings: home.map(|home| home.join("signstar/client.toml")),
            destination: given("SIGNSTAR_DESTINATION"),
            search: Search {
                named: given("SIGNSTAR_GPG_REAL").map(PathBuf::from),
                path: env::var_os("PATH").unwrap_or_default(),
                ourselves: env::current_exe().ok(),
                visited: env::var_os(VISITED).unwrap_or_default(),
            },
        }
    }

    /// The enclaves of the user.
    pub fn enclaves(&self) -> Result<Enclaves, Error> {
        Enclaves::read(self.settings.as_deref(), self.destination.clone())
    }
}
