//! Keys in an HSM.

use std::{fs, path::Path, sync::Arc};

use signstar::{
    config::{Config, KeyName},
    log::{self, VerifierKey},
};
use signstar_log::{
    CheckpointKey,
    hsm::{self, HsmKey, NoHsmKey},
};

use super::{Failure, warn};

/// The key that the table `[log]` of the configuration names.
pub(super) fn key(path: &Path) -> Result<Box<dyn CheckpointKey>, Failure> {
    let key = HsmKey::open(&read(path)?, Arc::new(warn)).map_err(|error| failure(&error))?;
    Ok(Box::new(key))
}

/// What signatures of `[key.NAME]` verify with.
pub(super) fn verifier(
    path: &Path,
    name: &KeyName,
    origin: &log::KeyName,
) -> Result<VerifierKey, Failure> {
    hsm::verifier(&read(path)?, name, origin).map_err(|error| failure(&error))
}

fn read(path: &Path) -> Result<Config, Failure> {
    let about = |error: &dyn std::error::Error| {
        let message = format!("{}: {error}", path.display());
        Failure::new(message, "see spec/configuration.md")
    };
    let text = fs::read_to_string(path).map_err(|error| about(&error))?;
    Config::parse(&text).map_err(|error| about(&error))
}

fn failure(error: &NoHsmKey) -> Failure {
    let hint = match error {
        NoHsmKey::NotNamed => "give the table [log] a line `key`, the name of a [key.NAME]",
        NoHsmKey::NoSuchKey(_) => "add it, with hsm, id, operator and passphrase",
        NoHsmKey::NotEd25519 | NoHsmKey::Invalid(_) => {
            "make one of type Curve25519 with the mechanism EdDSA_Signature"
        }
        NoHsmKey::Open(_) | NoHsmKey::Read(_) => {
            "see that the HSM answers and lets the operator use the key"
        }
    };
    Failure::new(error.to_string(), hint)
}
