//! Making the changes of a token.

use std::{collections::BTreeMap, io::Write};

use nethsm::{id::UserId, passphrase::Passphrase};
use signstar::{
    config::{Hsm, Key, Token},
    sign::PublicKey,
};
use signstar_hsm::{
    Administration, AdministrativeCredentials, made_up,
    pkcs11::{TokenError, wire::Name},
};

use super::{Pin, SEEN, TokenEntry, TokenPlan, TokenStep, copy, key_kind, name};
use crate::{
    hsm::{HsmError, files, places},
    journal::Journal,
};

/// The security officer, among administrators.
const OFFICER: &str = "so";

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
            if let TokenStep::KeepCertificate { key } = step
                && !self.keep_certificate(self.key_called(key)?)?
            {
                self.note_refusal()?;
                // Nothing is lost, whether or not somebody looks.
                let _ = writeln!(
                    out,
                    "{}: {uri}: note: the token keeps no certificates, which then are on this host only",
                    self.name
                );
                continue;
            }
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
        let failed = |source| self.failed(step.to_string(), source);
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
            // Done by who asked for the step.
            TokenStep::KeepCertificate { .. } => Ok(()),
            TokenStep::FetchCertificate { key, file } => {
                let key = self.key_called(key)?;
                self.fetch_certificate(key, file)
            }
            TokenStep::File(file) => {
                let key = self.key_called(file.key())?;
                let public = self.public(&name(key)).map_err(failed)?;
                let hsm = Hsm::Pkcs11(self.token.clone());
                files::write_about(file, key, &hsm, &public).map_err(|source| HsmError::Token {
                    token: self.uri(),
                    step: step.to_string(),
                    source,
                })
            }
        }
    }

    pub(super) fn failed(&self, step: String, source: TokenError) -> HsmError {
        HsmError::Token {
            token: self.uri(),
            step,
            source: Box::new(source),
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

    pub(super) fn pin(&self) -> Result<Passphrase, HsmError> {
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
