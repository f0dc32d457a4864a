//! Making the changes of a YubiHSM2.

use std::{collections::BTreeMap, io::Write};

use nethsm::{id::UserId, passphrase::Passphrase};
use signstar::config::{Hsm, Key};
use signstar_hsm::{
    Administration, AdministrativeCredentials, made_up,
    yubihsm2::{
        administration::{Administrator, DeviceError, FACTORY_KEY},
        command::{Algorithm, label, text_of},
        object::{Capabilities, Description, Domains, Info, ObjectType},
        wrapped::WrapKey,
    },
};
use zeroize::Zeroizing;

use super::{
    ADMINISTRATOR, AUDITED, DeviceEntry, DevicePlan, DeviceStep, Door, Purpose, SEEN,
    accounts::to_sign, administrator_of, algorithm,
};
use crate::{
    hsm::{HsmError, files, places},
    journal::Journal,
};

/// What it takes to do all of this. The administrator signs nothing.
const ADMINISTRATION: Capabilities = Capabilities::PUT_AUTHENTICATION_KEY
    .and(Capabilities::DELETE_AUTHENTICATION_KEY)
    .and(Capabilities::GENERATE_ASYMMETRIC_KEY)
    .and(Capabilities::DELETE_ASYMMETRIC_KEY)
    .and(Capabilities::PUT_WRAP_KEY)
    .and(Capabilities::DELETE_WRAP_KEY)
    .and(Capabilities::EXPORT_WRAPPED)
    .and(Capabilities::IMPORT_WRAPPED)
    .and(Capabilities::SET_OPTION)
    .and(Capabilities::GET_OPTION)
    .and(Capabilities::GET_LOG_ENTRIES);
/// What is exported and imported may do this.
const EXPORTED: Capabilities = Capabilities::SIGN
    .and(Capabilities::EXPORTABLE_UNDER_WRAP)
    .and(Capabilities::EXPORT_WRAPPED)
    .and(Capabilities::GET_LOG_ENTRIES);

impl DeviceEntry<'_> {
    /// Does what is to be done, and tells each change. Makes a backup if there was any in the device.
    pub(crate) fn apply(&mut self, out: &mut dyn Write) -> Result<(), HsmError> {
        let plan = self.plan()?;
        if !plan.refusals.is_empty() {
            return Err(HsmError::RefusedDevice(Box::new(plan)));
        }
        if plan.steps.is_empty() {
            self.note_seen()?;
            return writeln!(out, "{}: nothing to do", self.name).map_err(HsmError::Output);
        }
        let mut door = self.opened()?;
        for step in &plan.steps {
            self.make(step, &mut door, out)?;
        }
        self.note_seen()?;
        // What is changed on this host only is in no backup.
        let mut steps = plan.steps.iter();
        if steps.any(|step| !matches!(step, DeviceStep::File(_))) {
            self.back_up_with(door.session(), out)?;
        }
        Ok(())
    }

    /// Makes one change, and tells it.
    pub(super) fn make(
        &self,
        step: &DeviceStep,
        door: &mut Door,
        out: &mut dyn Write,
    ) -> Result<(), HsmError> {
        if self.is_audited() {
            // Each change is logged, and there is room for 62.
            self.drain(door.session(), out)?;
        }
        self.step(step, door)?;
        let told = step.to_string();
        let mut journal = Journal::open(&self.config.journal)?;
        journal.changed(self.name.as_str(), Some(&self.address()), &told);
        // What is done is done, whether or not somebody looks.
        let _ = writeln!(out, "{}: {}: {told}", self.name, self.address());
        Ok(())
    }

    pub(super) fn opened(&self) -> Result<Door, HsmError> {
        self.open()?.map_err(|refusal| {
            let mut plan = DevicePlan::of(self.address());
            plan.refusals.push(refusal);
            HsmError::RefusedDevice(Box::new(plan))
        })
    }

    pub(super) fn note_seen(&mut self) -> Result<(), HsmError> {
        let address = self.address();
        match &mut self.administration {
            Some((_, known)) => known.note(&address, SEEN),
            None => Ok(()),
        }
    }

    fn step(&self, step: &DeviceStep, door: &mut Door) -> Result<(), HsmError> {
        let failed = |source: DeviceError| self.failed(step.to_string(), source);
        let session = door.session();
        match step {
            DeviceStep::PutAdministrator { number } => {
                let passphrase = administrator_of(&self.credentials_or_new()?)?;
                let description = authentication_key(*number, "administrator", ADMINISTRATION)?;
                let delegated = ADMINISTRATION.and(EXPORTED);
                session
                    .put_authentication_key(&description, delegated, &passphrase)
                    .map_err(failed)?;
                let session = self.log_in(*number, &passphrase).map_err(failed)?;
                *door = Door::Administrator(session);
                Ok(())
            }
            DeviceStep::DeleteFactoryKey => session
                .delete(ObjectType::AUTHENTICATION_KEY, FACTORY_KEY)
                .map_err(failed),
            DeviceStep::PutWrapKey { number } => {
                let key = wrap_key_of(&self.credentials_or_new()?)?;
                let description = Description {
                    id: *number,
                    label: labelled("backups")?,
                    domains: Domains::ALL,
                    capabilities: Capabilities::EXPORT_WRAPPED.and(Capabilities::IMPORT_WRAPPED),
                    algorithm: Algorithm::AES256_CCM,
                };
                session
                    .put_wrap_key(&description, EXPORTED, &key)
                    .map_err(failed)
            }
            DeviceStep::GenerateKey { key, domains, .. } => {
                let wanted = self.key_called(key)?;
                let Some(key_type) = wanted.key_type else {
                    return Ok(());
                };
                let algorithm = algorithm(key_type);
                let description = Description {
                    // Any that is free.
                    id: 0,
                    label: labelled(key)?,
                    domains: Domains(*domains),
                    capabilities: to_sign(wanted, algorithm)
                        .and(Capabilities::EXPORTABLE_UNDER_WRAP),
                    algorithm,
                };
                session.generate(&description).map_err(failed)
            }
            DeviceStep::PutOperator { number, .. } => self.put_operator(session, *number, &failed),
            DeviceStep::DeleteOperator { number } => session
                .delete(ObjectType::AUTHENTICATION_KEY, *number)
                .map_err(failed),
            DeviceStep::Audit => session.audit(&AUDITED).map_err(failed),
            DeviceStep::ForceAudit => session.force_audit().map_err(failed),
            DeviceStep::File(file) => {
                let key = self.key_called(file.key())?;
                let found = self.info_of(session, file.key()).map_err(failed)?;
                let number = found.map(|info| info.description.id);
                let public = match number {
                    Some(number) => session.public_key(number).map_err(failed)?,
                    None => None,
                };
                let public = public.ok_or_else(|| {
                    HsmError::Unfit(format!("key `{}` is not in the device", file.key()))
                })?;
                let hsm = Hsm::YubiHsm2(self.device.clone());
                files::write_about(file, key, &hsm, &public).map_err(|source| HsmError::Token {
                    token: self.address(),
                    step: step.to_string(),
                    source,
                })
            }
        }
    }

    fn put_operator(
        &self,
        session: &mut Administrator,
        number: u16,
        failed: &dyn Fn(DeviceError) -> HsmError,
    ) -> Result<(), HsmError> {
        let mut accounts = self.accounts.iter();
        let account = accounts.find(|account| account.number == number);
        let account =
            account.ok_or_else(|| HsmError::Unfit(format!("there is no operator {number}")))?;
        let key = match account.purpose {
            Purpose::Sign(key) => self.info_of(session, key.id.as_str()).map_err(failed)?,
            Purpose::BackUp | Purpose::Audit => None,
        };
        let key = key.map(|info| (info.description.domains, info.description.algorithm));
        let description = account.described(key);
        let description = description
            .ok_or_else(|| HsmError::Unfit(format!("the key of operator {number} is gone")))?;
        let passphrase = account.passphrase_or_new()?;
        let is_there = |info: &Info| {
            info.of_type == ObjectType::AUTHENTICATION_KEY && info.description.id == number
        };
        if session.objects().map_err(failed)?.iter().any(is_there) {
            session
                .delete(ObjectType::AUTHENTICATION_KEY, number)
                .map_err(failed)?;
        }
        session
            .put_authentication_key(&description, Capabilities::NONE, &passphrase)
            .map_err(failed)
    }

    /// The asymmetric key with this label.
    fn info_of(
        &self,
        session: &mut Administrator,
        label: &str,
    ) -> Result<Option<Info>, DeviceError> {
        let objects = session.objects()?.into_iter();
        let mut keys = objects.filter(|info| info.of_type == ObjectType::ASYMMETRIC_KEY);
        Ok(keys.find(|info| text_of(&info.description.label) == label))
    }

    fn key_called(&self, label: &str) -> Result<&Key, HsmError> {
        let mut keys = self.keys.iter();
        let found = keys.find(|key| key.id.as_str() == label);
        found
            .copied()
            .ok_or_else(|| HsmError::Unfit(format!("there is no key `{label}`")))
    }

    pub(super) fn failed(&self, step: String, source: DeviceError) -> HsmError {
        HsmError::Device {
            device: self.address(),
            step,
            is_unreachable: source.is_unreachable(),
            source,
        }
    }

    /// The passphrase of the administrator and the key of backups, made up and stored before any device
    /// hears of them.
    pub(super) fn credentials_or_new(&self) -> Result<AdministrativeCredentials, HsmError> {
        let (place, _) = self
            .administration
            .as_ref()
            .ok_or(HsmError::NoAdministration)?;
        if let Some(known) = places::load(place)? {
            return Ok(known);
        }
        let bad = |source| HsmError::Administration {
            path: place.path().to_owned(),
            source,
        };
        let administrator: UserId = ADMINISTRATOR
            .parse()
            .map_err(|error| HsmError::Unfit(format!("`{ADMINISTRATOR}`: {error}")))?;
        let made = AdministrativeCredentials {
            unlock: Passphrase::new(String::new()),
            backup: new_wrap_key().map_err(|error| bad(error.into()))?,
            administrators: BTreeMap::from([(
                administrator,
                made_up().map_err(|error| bad(error.into()))?,
            )]),
        };
        place.store(&made).map_err(bad)?;
        Ok(made)
    }
}

/// The key of backups, among administrative credentials.
pub(super) fn wrap_key_of(known: &AdministrativeCredentials) -> Result<WrapKey, HsmError> {
    WrapKey::from_hex(known.backup.expose()).ok_or_else(|| {
        HsmError::Unfit("`backup` of the administrative credentials is no wrap key".to_owned())
    })
}

fn new_wrap_key() -> std::io::Result<Passphrase> {
    let mut octets = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *octets).map_err(std::io::Error::other)?;
    Ok(Passphrase::new(hex::encode(*octets)))
}

fn authentication_key(
    number: u16,
    text: &str,
    capabilities: Capabilities,
) -> Result<Description, HsmError> {
    Ok(Description {
        id: number,
        label: labelled(text)?,
        domains: Domains::ALL,
        capabilities,
        algorithm: Algorithm::AES128_AUTHENTICATION,
    })
}

fn labelled(text: &str) -> Result<[u8; 40], HsmError> {
    label(text).ok_or_else(|| {
        HsmError::Unfit(format!(
            "`{text}`: a label has 1 to 40 octets on a YubiHSM2"
        ))
    })
}
