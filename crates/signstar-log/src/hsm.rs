//! A checkpoint key that stays in an HSM.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use signstar::{
    config::{self, Config, Hsm, Key, KeyName},
    log::{self, Algorithm, InvalidKey, VerifierKey},
    sign::{Message, PublicKey, Signer, SignerError},
};
use signstar_hsm::{CannotRead, Conduct, Event, Hurry, OpenError, Witness};

use crate::{
    key::{CheckpointKey, KeyError},
    serve::Journal,
};

/// The longest wait for one signature, all devices and attempts together.
const PATIENCE: Duration = Duration::from_secs(10);

/// A key in an HSM, of which nothing is believed: each signature is verified, and a device that
/// makes a wrong one is asked no more.
#[derive(Debug)]
pub struct HsmKey {
    verifier: VerifierKey,
    signer: Box<dyn Signer>,
}

/// Why there is no such key.
#[derive(Debug, thiserror::Error)]
pub enum NoHsmKey {
    /// The configuration does not name one for the log.
    #[error("the configuration has no table [log] with a `key`")]
    NotNamed,
    /// The configuration has no key of that name.
    #[error("there is no [key.{0}]")]
    NoSuchKey(KeyName),
    /// It cannot be opened.
    #[error("the key cannot be opened: {}", whole(.0))]
    Open(#[from] OpenError),
    /// The HSM does not show it.
    #[error("the key cannot be read: {}", whole(.0))]
    Read(#[from] CannotRead),
    /// It is of another kind.
    #[error("the key is not one for Ed25519")]
    NotEd25519,
    /// It makes no verifier key.
    #[error(transparent)]
    Invalid(#[from] InvalidKey),
}

struct Told(Journal);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl Witness for Told {
    fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Failed { error } => (self.0)(&format!("the HSM: {}", whole(*error))),
            Event::OutOfUse { device } => {
                (self.0)(&format!(
                    "{device} makes wrong signatures and is asked no more"
                ));
            }
        }
    }
}

impl HsmKey {
    /// The key that the table `[log]` of `config` names. Nothing is asked of the HSM yet; `journal`
    /// is told of trouble with it.
    pub fn open(config: &Config, journal: Journal) -> Result<Self, NoHsmKey> {
        let config::Log::Public(public) = &config.log else {
            return Err(NoHsmKey::NotNamed);
        };
        let name = public.key.as_ref().ok_or(NoHsmKey::NotNamed)?;
        let (key, hsm) = find(config, name)?;
        let conduct = Conduct {
            public_key: Some(PublicKey::Ed25519(public.vkey.public().to_vec())),
            patience: PATIENCE,
            connections: 1,
            hurry: Arc::new(Hurry::default()),
            state: None,
            witness: Arc::new(Told(journal)),
        };
        Ok(Self {
            verifier: public.vkey.clone(),
            signer: signstar_hsm::open(key, hsm, conduct)?,
        })
    }
}

/// Reads the public half of `[key.NAME]` from its HSM: what the log `origin` verifies with that
/// signs with it.
pub fn verifier(
    config: &Config,
    name: &KeyName,
    origin: &log::KeyName,
) -> Result<VerifierKey, NoHsmKey> {
    let (key, hsm) = find(config, name)?;
    match signstar_hsm::public_key(key, hsm)? {
        Some(PublicKey::Ed25519(public)) => Ok(VerifierKey::new(
            origin.clone(),
            Algorithm::Ed25519,
            &public,
        )?),
        _ => Err(NoHsmKey::NotEd25519),
    }
}

fn find<'a>(config: &'a Config, name: &KeyName) -> Result<(&'a Key, &'a Hsm), NoHsmKey> {
    let key = config.keys.get(name);
    key.and_then(|key| Some((key, config.hsms.get(&key.hsm)?)))
        .ok_or_else(|| NoHsmKey::NoSuchKey(name.clone()))
}

impl CheckpointKey for HsmKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signed = self.signer.sign(&Message::Ed25519(octets.to_vec()));
        signed.map_err(|error| match error {
            SignerError::Unavailable(_) => KeyError::Away(Box::new(error)),
            other => KeyError::Refused(whole(&other).into()),
        })
    }
}

/// An error with its causes, in one line.
fn whole(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
