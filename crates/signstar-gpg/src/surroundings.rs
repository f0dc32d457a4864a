//! What the process finds around itself.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    path::PathBuf,
};

use signstar_request_signature::Proxy;

use crate::{Enclaves, Error, Search, VISITED};

/// What `ssh` calls this program with to have a connection made.
const CONNECT: &str = "--signstar-connect";

/// What the process finds around itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The settings of the user, `client.toml`.
    pub settings: Option<PathBuf>,
    /// The destination that takes precedence over that of the settings.
    pub destination: Option<OsString>,
    /// Where the real `gpg` may be.
    pub search: Search,
    /// What makes connections for `ssh`, without the delays of Nagle's algorithm.
    pub proxy: Option<Proxy>,
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
            proxy: env::current_exe()
                .ok()
                .map(|program| Proxy::with_verb(program, CONNECT)),
        }
    }

    /// The enclaves of the user.
    pub fn enclaves(&self) -> Result<Enclaves, Error> {
        let (settings, destination) = (self.settings.as_deref(), self.destination.clone());
        Enclaves::read(settings, destination, self.proxy.as_ref())
    }
}

/// Makes a connection for `ssh` and hands it to standard output, if `line` asks for that; nothing if
/// it is for something else.
pub fn connect(line: &[OsString]) -> Option<Result<(), Error>> {
    let (first, words) = line.split_first()?;
    (first == OsStr::new(CONNECT)).then(|| Ok(Proxy::serve(words, io::stdout())?))
}
