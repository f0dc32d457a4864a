//! The PIN of a token, in a file for each Unix user that signs with it.

use std::path::PathBuf;

use nethsm::passphrase::Passphrase;
use signstar::config::{Config, HsmName};
use signstar_hsm::{CredentialStore, SecretFile, Which};

use super::super::{HsmError, places, users, wanted::Place as Resting};

/// The files that the PIN of one token is in.
#[derive(Debug)]
pub(super) struct Pins(Vec<(PathBuf, SecretFile)>);

/// What is in them.
#[derive(Debug)]
pub(super) enum Pin {
    /// The same in all that have one.
    One {
        /// The PIN.
        pin: Passphrase,
        /// The files that lack it.
        missing: Vec<PathBuf>,
    },
    /// Nothing.
    None,
    /// Different ones.
    Several(PathBuf),
}

impl Pins {
    /// The files of all who use a key of the HSM `name`.
    pub(super) fn of(config: &Config, name: &HsmName) -> Result<Self, HsmError> {
        let keys = config.keys.iter().filter(|(_, key)| key.hsm == *name);
        let mut places: Vec<Resting> = keys
            .flat_map(|(name, key)| users::of(config, name, key))
            .map(|user| user.place)
            .collect();
        places.sort_by(|one, other| one.credential.path().cmp(other.credential.path()));
        places.dedup_by(|one, other| one.credential.path() == other.credential.path());
        let files = places.iter().map(|place| {
            let path = place.credential.path().to_owned();
            Ok((path, places::file(config, place)?))
        });
        Ok(Self(files.collect::<Result<_, HsmError>>()?))
    }

    /// One of them, for whom somebody is told of.
    pub(super) fn first(&self) -> PathBuf {
        self.0
            .first()
            .map(|(path, _)| path.clone())
            .unwrap_or_default()
    }

    /// What is in them.
    pub(super) fn read(&self) -> Result<Pin, HsmError> {
        let (mut known, mut missing) = (None::<Passphrase>, Vec::new());
        for (path, file) in &self.0 {
            match (
                CredentialStore::read(file, Which::Current).map_err(bad(path))?,
                &known,
            ) {
                (None, _) => missing.push(path.clone()),
                (Some(pin), None) => known = Some(pin),
                (Some(pin), Some(first)) if pin.expose() != first.expose() => {
                    return Ok(Pin::Several(path.clone()));
                }
                (Some(_), Some(_)) => {}
            }
        }
        Ok(match known {
            Some(pin) => Pin::One { pin, missing },
            None => Pin::None,
        })
    }

    /// Stores `pin` in those of `files` that belong to them.
    pub(super) fn store(&self, pin: &Passphrase, files: &[PathBuf]) -> Result<(), HsmError> {
        for (path, file) in self.0.iter().filter(|(path, _)| files.contains(path)) {
            places::make_folder_of(path)?;
            file.write(Which::Current, pin).map_err(bad(path))?;
        }
        Ok(())
    }

    /// All of them.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.0.iter().map(|(path, _)| path.clone()).collect()
    }
}

fn bad(path: &std::path::Path) -> impl FnOnce(signstar_hsm::BadCredential) -> HsmError {
    let path = path.to_owned();
    move |source| HsmError::Pin { path, source }
}
