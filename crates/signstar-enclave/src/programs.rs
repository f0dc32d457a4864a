//! Where the programs of an enclave are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::Error;

/// Finds the program `name`: beside the running one (or one folder up, where tests find what
/// they test), in `PATH`, or among the programs for administrators.
pub fn program(name: &'static str) -> Result<PathBuf, Error> {
    let current = env::current_exe().unwrap_or_default();
    let beside = current.ancestors().skip(1).take(2).map(Path::to_path_buf);
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    beside
        .chain(env::split_paths(&path))
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .ok_or(Error::Missing(name))
}
