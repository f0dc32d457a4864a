//! No keys in an HSM: built without the feature `hsm`.

use std::path::Path;

use signstar::{
    config::KeyName,
    log::{self, VerifierKey},
};
use signstar_log::CheckpointKey;

use super::Failure;

/// The key that the table `[log]` of the configuration names.
pub(super) fn key(_path: &Path) -> Result<Box<dyn CheckpointKey>, Failure> {
    Err(absent())
}

/// What signatures of `[key.NAME]` verify with.
pub(super) fn verifier(
    _path: &Path,
    _name: &KeyName,
    _origin: &log::KeyName,
) -> Result<VerifierKey, Failure> {
    Err(absent())
}

fn absent() -> Failure {
    Failure::new(
        "this program reaches no HSM",
        "build it with the feature `hsm`, or keep the key in a file (--key)",
    )
}
