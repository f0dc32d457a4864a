//! Making the changes of a token.

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use nethsm::{id::UserId, passphrase::Passphrase};
use signstar::{
    config::{Hsm, Key, Token},
    sign::{Certificate, PublicKey, Terms},
};
use signstar_hsm::{
    Administration, AdministrativeCredentials, Conduct, Event, Hurry, Witness, made_up,
    pkcs11::{TokenError, wire::Name},
};

use super::{KEY_GENERATION, Pin, SEEN, TokenEntry, TokenPlan, TokenStep, copy, key_kind, name};
use crate::{
    hsm::{HsmError, known::write, places},
    journal::Journal,
};

/// The security officer, among administrators.
const OFFICER: &str = "so";

/// Nobody listens while a token is set up: what goes wrong is told by whoever asked for it.
#[derive(Debug)]
struct Nobody;

impl Witness for Nobody {
    fn tell(&self, _: &Event<'_>) {}
}

impl TokenEntry<'_> {
    /// Does what is to be done, and tells each change.
    pub(crate) fn apply(&mut self, out: &mut dyn Write) -> Result<(), HsmError> {
        let plan = self.plan()?;
        if !plan.refusals.is_empty() {
            return Err(HsmError::RefusedToken(Box::new(plan)));
        }
        let mut journal = Journal::open(&self.config.journal)?;
        let uri = self.uri();
        for step in &plan.steps {
            self.step(step)?;
            journal.changed(self.name.as_str(), Some(&uri), &step.to_string());
            // What is done is done, whether or not somebody looks.
            let _ = writeln!(out, "{}: {uri}: {step}", self.name);
        }
        if let Some((_, known)) = &mut self.administration {
            known.note(&uri, SEEN)?;
        }
        self.tell_nothing(&plan, out)
    }

    fn tell_nothing(&self, plan: &TokenPlan, out: &mut dyn Write) -> Result<(), HsmError> {
        match plan.steps.is_empty() {
            true => writeln!(out, "{}: nothing to do", self.name).map_err(HsmError::Output),
            false => Ok(()),
        }
    }

    fn step(&self, step: &TokenStep) -> Result<(), HsmError> {
        let failed = |source: TokenError| HsmError::Token {
            token: self.uri(),
            step: step.to_string(),
            source: Box::new(source),
        };
        match step {
            TokenStep::Initialise => {
                let officer = self.officer()?;
                let pin = self.pin_or_new()?;
                let Token::Label(label) = self.token.token() else {
                    return Ok(());
                };
                self.setup().initialise(label, officer, pin).map_err(failed)
            }
            TokenStep::StorePin { file } => {
                let pin = self.pin()?;
                self.pins.store(&pin, std::slice::from_ref(file))
            }
            TokenStep::GenerateKey { key, .. } => {
                let key = self.key_called(key)?;
                let Some(key_type) = key.key_type else {
                    return Ok(());
                };
                let mut name = name(key);
                if name.id.is_empty() {
                    // Others find keys by identifiers only.
                    name.id = name.label.clone().into_bytes();
                }
                let made = self
                    .setup()
                    .generate(self.pin()?, &name, key_kind(key_type));
                made.map(drop).map_err(failed)
            }
            TokenStep::Certify { key, .. } => {
                self.certify(self.key_called(key)?)
                    .map_err(|source| HsmError::Token {
                        token: self.uri(),
                        step: step.to_string(),
                        source,
                    })
            }
            TokenStep::WritePublicKey { key, file } => {
                let key = self.key_called(key)?;
                let public = self.public(&name(key)).map_err(failed)?;
                let pem = public
                    .to_pem()
                    .map_err(|error| HsmError::Unfit(error.to_string()))?;
                keep(file, pem.as_bytes())
            }
        }
    }

    fn key_called(&self, label: &str) -> Result<&Key, HsmError> {
        let mut keys = self.keys.iter();
        let found = keys.find(|(_, key)| key.id.as_str() == label);
        found
            .map(|(_, key)| *key)
            .ok_or_else(|| HsmError::Unfit(format!("there is no key `{label}`")))
    }

    fn public(&self, name: &Name) -> Result<PublicKey, TokenError> {
        let pin = self.pin().map_err(|_| TokenError::KnownWrongPin)?;
        self.setup().public_key(pin, name)
    }

    /// Signs a certificate with the key itself, as everybody will who signs with it.
    fn certify(&self, key: &Key) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some(file) = &key.certificate else {
            return Ok(());
        };
        let public = self.public(&name(key))?;
        let conduct = Conduct {
            public_key: Some(public.clone()),
            patience: KEY_GENERATION.min(Duration::from_secs(60)),
            connections: 1,
            hurry: Arc::new(Hurry::default()),
            state: None,
            witness: Arc::new(Nobody),
        };
        let signer = signstar_hsm::open(key, &Hsm::Pkcs11(self.token.clone()), conduct)?;
        let ids: Vec<_> = key.user_ids.iter().map(String::as_str).collect();
        let terms = Terms {
            expires: key.expires,
            ..Terms::default()
        };
        let now = SystemTime::now();
        let certificate = Certificate::issue_with(&public, &ids, &terms, now, &*signer)?;
        keep(file, &certificate.to_octets()?)?;
        Ok(())
    }

    /// The PIN of its security officer, made up and stored before any token hears of it.
    fn officer(&self) -> Result<Passphrase, HsmError> {
        let (place, _) = self
            .administration
            .as_ref()
            .ok_or(HsmError::NoAdministration)?;
        let officer: UserId =
            (OFFICER.parse()).map_err(|error| HsmError::Unfit(format!("`{OFFICER}`: {error}")))?;
        let bad = |source| HsmError::Administration {
            path: place.path().to_owned(),
            source,
        };
        let known = match places::load(place)? {
            Some(known) => known,
            None => {
                let made = AdministrativeCredentials {
                    unlock: Passphrase::new(String::new()),
                    backup: Passphrase::new(String::new()),
                    administrators: BTreeMap::from([(
                        officer.clone(),
                        made_up().map_err(|error| bad(error.into()))?,
                    )]),
                };
                place.store(&made).map_err(bad)?;
                made
            }
        };
        let pin = known.administrators.get(&officer);
        pin.map(copy).ok_or(HsmError::NoAdministration)
    }

    fn pin(&self) -> Result<Passphrase, HsmError> {
        match self.pins.read()? {
            Pin::One { pin, .. } => Ok(pin),
            _ => Err(HsmError::Unfit("the PIN of the token is gone".to_owned())),
        }
    }

    /// The PIN of its user, made up and stored everywhere before any token hears of it.
    fn pin_or_new(&self) -> Result<Passphrase, HsmError> {
        let pin = match self.pins.read()? {
            Pin::One { pin, .. } => pin,
            _ => made_up().map_err(|error| HsmError::Pin {
                path: self.pins.first(),
                source: error.into(),
            })?,
        };
        self.pins.store(&pin, &self.pins.paths())?;
        Ok(pin)
    }
}

/// Writes a file that everybody may read, as a whole.
fn keep(file: &Path, octets: &[u8]) -> Result<(), HsmError> {
    places::make_folder_of(file)?;
    write(file, octets, 0o644, None).map_err(HsmError::file(file))
}
