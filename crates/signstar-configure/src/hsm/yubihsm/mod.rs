//! A YubiHSM2, brought to what the configuration says.

mod accounts;
mod apply;
mod audit;
mod backup;
mod plan;

use std::{path::PathBuf, rc::Rc};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::{Config, HsmName, Key, KeyType, YubiHsm2},
    sign::PublicKey,
};
use signstar_hsm::{
    AdministrativeCredentials,
    yubihsm2::{
        administration::{Administrator, DeviceError, FACTORY_KEY, FACTORY_PASSWORD},
        command::{Algorithm, Command, text_of},
        object::{Capabilities, Domains, Info, ObjectType},
    },
};

use self::accounts::{Account, Purpose, to_sign};
pub(crate) use self::backup::Backup;
pub(super) use self::plan::DevicePlan;
use self::plan::{DeviceRefusal, DeviceStep};
use super::{
    HsmError, Scope,
    files::{self, KeyRefusal},
    known::Known,
    places,
};
use crate::shares::Vault;

/// What is noted of a device that was set up.
const SEEN: &str = "seen";
/// The administrator, among administrative credentials.
const ADMINISTRATOR: &str = "admin";

/// The commands that are logged: who logs in, what is signed, and what changes the device or leaves it.
const AUDITED: [Command; 13] = [
    Command::AuthenticateSession,
    Command::ResetDevice,
    Command::PutAuthenticationKey,
    Command::GenerateAsymmetricKey,
    Command::PutWrapKey,
    Command::ExportWrapped,
    Command::ImportWrapped,
    Command::DeleteObject,
    Command::SetOption,
    Command::SignPkcs1,
    Command::SignPss,
    Command::SignEcdsa,
    Command::SignEddsa,
];

/// One device, with all that is known of it on this host.
pub(super) struct DeviceEntry<'a> {
    config: &'a Config,
    pub(super) name: &'a HsmName,
    device: &'a YubiHsm2,
    keys: Vec<&'a Key>,
    accounts: Vec<Account<'a>>,
    /// Where the credentials of its administrator are kept, and that it was seen.
    administration: Option<(places::Place, Known)>,
    /// Where its log is kept.
    log: Option<PathBuf>,
    remove_users: bool,
}

/// Somebody who is logged in.
#[derive(Debug)]
enum Door {
    /// Its administrator.
    Administrator(Administrator),
    /// Whoever it is: the device is new.
    New(Administrator),
}

impl Door {
    fn session(&mut self) -> &mut Administrator {
        match self {
            Self::Administrator(session) | Self::New(session) => session,
        }
    }
}

/// What is in a device.
struct Observed {
    objects: Vec<Info>,
    is_new: bool,
}

impl Observed {
    fn of_type(&self, of_type: ObjectType) -> impl Iterator<Item = &Info> {
        let all = self.objects.iter();
        all.filter(move |info| info.of_type == of_type)
    }

    fn get(&self, of_type: ObjectType, number: u16) -> Option<&Info> {
        self.of_type(of_type)
            .find(|info| info.description.id == number)
    }
}

impl<'a> DeviceEntry<'a> {
    pub(super) fn new(
        config: &'a Config,
        name: &'a HsmName,
        device: &'a YubiHsm2,
        scope: &Scope,
        vault: Option<&Rc<Vault>>,
    ) -> Result<Self, HsmError> {
        let administration = match &config.administration {
            None => None,
            Some(administration) => Some((
                places::administrative(administration, name, vault),
                Known::read(administration.folder.join(format!("seen-{name}")))?,
            )),
        };
        let folder = config.administration.as_ref().map(|place| &place.folder);
        Ok(Self {
            config,
            name,
            device,
            keys: (config.keys.values())
                .filter(|key| key.hsm == *name)
                .collect(),
            accounts: Account::all(config, name, device)?,
            administration,
            log: folder.map(|folder| folder.join(format!("log-{name}"))),
            remove_users: scope.remove_users,
        })
    }

    /// Which one it is.
    fn address(&self) -> String {
        format!("yubihsm:{}", self.device.serial.as_str())
    }

    /// Whether it is what somebody calls so: by its serial number, or by its connector.
    pub(super) fn is_at(&self, address: &str) -> bool {
        use signstar::config::Connector;

        address == self.address()
            || matches!(&self.device.connector, Connector::Http(url) if url == address)
    }

    /// Looks at the device, and tells what is to be done.
    pub(super) fn plan(&self) -> Result<DevicePlan, HsmError> {
        let mut plan = DevicePlan::of(self.address());
        let mut door = match self.open()? {
            Ok(door) => door,
            Err(refusal) => {
                plan.refusals.push(refusal);
                return Ok(plan);
            }
        };
        if self.was_seen() && matches!(door, Door::New(_)) {
            plan.refusals.push(DeviceRefusal::Reset);
            return Ok(plan);
        }
        if let Err(error) = self.compare(&mut door, &mut plan)? {
            plan.refusals.push(refused(&error));
        }
        Ok(plan)
    }

    /// Logs in as the administrator, or at a device that is new.
    fn open(&self) -> Result<Result<Door, DeviceRefusal>, HsmError> {
        let Some((place, _)) = &self.administration else {
            return Ok(Err(DeviceRefusal::NoAdministration));
        };
        let number = self.device.administrator.get();
        let why = match places::load(place)? {
            None => "its passphrase is not known on this host".to_owned(),
            Some(known) => match self.log_in(number, &administrator_of(&known)?) {
                Ok(session) => return Ok(Ok(Door::Administrator(session))),
                Err(error) if error.is_no_login() => error.to_string(),
                Err(error) => return Ok(Err(refused(&error))),
            },
        };
        let factory = Passphrase::new(FACTORY_PASSWORD.to_owned());
        Ok(match self.log_in(FACTORY_KEY, &factory) {
            Ok(session) => Ok(Door::New(session)),
            Err(error) if error.is_no_login() => Err(DeviceRefusal::NoLogin { number, why }),
            Err(error) => Err(refused(&error)),
        })
    }

    fn log_in(&self, number: u16, passphrase: &Passphrase) -> Result<Administrator, DeviceError> {
        Administrator::log_in(self.device, number, passphrase)
    }

    fn was_seen(&self) -> bool {
        let known = self.administration.as_ref().map(|(_, known)| known);
        known.is_some_and(|known| known.pin(&self.address()).is_some())
    }

    fn compare(
        &self,
        door: &mut Door,
        plan: &mut DevicePlan,
    ) -> Result<Result<(), DeviceError>, HsmError> {
        let is_new = matches!(door, Door::New(_));
        let session = door.session();
        let objects = match session.objects() {
            Ok(objects) => objects,
            Err(error) => return Ok(Err(error)),
        };
        let observed = Observed { objects, is_new };
        self.administration_of(&observed, plan);
        let mut domains = Vec::new();
        if let Err(error) = self.compare_keys(session, &observed, plan, &mut domains)? {
            return Ok(Err(error));
        }
        self.compare_accounts(&observed, plan, &domains)?;
        if let Err(error) = self.compare_audit(session, plan) {
            return Ok(Err(error));
        }
        // Files come last: what makes certificates signs as an operator.
        let is_file = |step: &DeviceStep| matches!(step, DeviceStep::File(_));
        plan.steps.sort_by_key(is_file);
        Ok(Ok(()))
    }

    /// The administrator and the wrap key.
    fn administration_of(&self, observed: &Observed, plan: &mut DevicePlan) {
        if observed.is_new {
            plan.steps.push(DeviceStep::PutAdministrator {
                number: self.device.administrator.get(),
            });
        }
        let factory = observed.get(ObjectType::AUTHENTICATION_KEY, FACTORY_KEY);
        if factory.is_some() {
            plan.steps.push(DeviceStep::DeleteFactoryKey);
        }
        let number = self.device.wrap_key.get();
        if observed.get(ObjectType::WRAP_KEY, number).is_none() {
            plan.steps.push(DeviceStep::PutWrapKey { number });
        }
    }

    /// The keys. What is found or made is noted with its label.
    fn compare_keys(
        &self,
        session: &mut Administrator,
        observed: &Observed,
        plan: &mut DevicePlan,
        known: &mut Vec<(String, Domains, Algorithm)>,
    ) -> Result<Result<(), DeviceError>, HsmError> {
        let in_use = observed.of_type(ObjectType::ASYMMETRIC_KEY);
        let mut taken = in_use.fold(Domains::default(), |all, info| {
            Domains(all.0 | info.description.domains.0)
        });
        for key in &self.keys {
            let label = key.id.as_str();
            if known.iter().any(|(known, ..)| known == label) {
                continue;
            }
            let mut found = observed
                .of_type(ObjectType::ASYMMETRIC_KEY)
                .filter(|info| text_of(&info.description.label) == label);
            let refuse = |why: &str| {
                DeviceRefusal::Key(KeyRefusal::Key {
                    key: label.to_owned(),
                    why: why.to_owned(),
                })
            };
            let public = match (found.next(), found.next()) {
                (Some(_), Some(_)) => {
                    plan.refusals.push(refuse(
                        "several asymmetric keys of the device have this label",
                    ));
                    continue;
                }
                (Some(info), None) => {
                    let description = &info.description;
                    let public = match session.public_key(description.id) {
                        Ok(Some(public)) => public,
                        Ok(None) => {
                            plan.refusals
                                .push(refuse("it is of no kind that signs here"));
                            continue;
                        }
                        Err(error) => return Ok(Err(error)),
                    };
                    let needed = to_sign(key, description.algorithm);
                    if !description.capabilities.contain(needed) {
                        plan.refusals
                            .push(refuse("it lacks the capability to sign"));
                        continue;
                    }
                    let exportable = Capabilities::EXPORTABLE_UNDER_WRAP;
                    if !description.capabilities.contain(exportable) {
                        plan.notes.push(format!(
                            "key `{label}` may not leave the device: no backup has it"
                        ));
                    }
                    known.push((label.to_owned(), description.domains, description.algorithm));
                    Some(public)
                }
                (None, _) => {
                    if let Some(key_type) = key.key_type {
                        let Some(domain) = taken.first_free() else {
                            let key = label.to_owned();
                            plan.refusals.push(DeviceRefusal::NoDomain { key });
                            continue;
                        };
                        taken = Domains(taken.0 | domain.0);
                        known.push((label.to_owned(), domain, algorithm(key_type)));
                        plan.steps.push(DeviceStep::GenerateKey {
                            key: label.to_owned(),
                            key_type: key_type.to_string(),
                            domains: domain.0,
                        });
                    }
                    None
                }
            };
            self.compare_files(key, public.as_ref(), plan)?;
        }
        Ok(Ok(()))
    }

    fn compare_files(
        &self,
        key: &Key,
        public: Option<&PublicKey>,
        plan: &mut DevicePlan,
    ) -> Result<(), HsmError> {
        let compared = files::compare(key, public)?;
        plan.steps
            .extend(compared.steps.into_iter().map(DeviceStep::File));
        plan.refusals
            .extend(compared.refusals.into_iter().map(DeviceRefusal::Key));
        plan.notes.extend(compared.notes);
        Ok(())
    }

    /// Those who log in: with the right passphrase, in the right domain, and for nothing else.
    fn compare_accounts(
        &self,
        observed: &Observed,
        plan: &mut DevicePlan,
        known: &[(String, Domains, Algorithm)],
    ) -> Result<(), HsmError> {
        for account in &self.accounts {
            let Some(wanted) = account.described(key_of(account.purpose, known)) else {
                continue;
            };
            let found = observed.get(ObjectType::AUTHENTICATION_KEY, account.number);
            let is_right = match found {
                Some(info) if !observed.is_new => {
                    info.description == wanted && self.logs_in(account)?
                }
                _ => false,
            };
            if !is_right {
                plan.steps.push(DeviceStep::PutOperator {
                    number: account.number,
                    purpose: account.purpose.told(),
                    replace: found.is_some(),
                });
            }
        }
        let own = [FACTORY_KEY, self.device.administrator.get()];
        let users = observed.of_type(ObjectType::AUTHENTICATION_KEY);
        let numbers = users.map(|info| info.description.id);
        let is_known = |number: &u16| {
            own.contains(number) || self.accounts.iter().any(|known| known.number == *number)
        };
        for number in numbers.filter(|number| !is_known(number)) {
            if self.remove_users {
                plan.steps.push(DeviceStep::DeleteOperator { number });
            } else {
                plan.notes.push(format!(
                    "operator {number} is not in the configuration; --remove-users deletes it"
                ));
            }
        }
        Ok(())
    }

    /// Whether the passphrase that is stored here opens the device.
    fn logs_in(&self, account: &Account<'_>) -> Result<bool, HsmError> {
        let Some(passphrase) = account.passphrase()? else {
            return Ok(false);
        };
        Ok(match self.log_in(account.number, &passphrase) {
            Ok(_) => true,
            // What is not known for sure is left as it is.
            Err(error) => !error.is_no_login(),
        })
    }

    fn compare_audit(
        &self,
        session: &mut Administrator,
        plan: &mut DevicePlan,
    ) -> Result<(), DeviceError> {
        let is_forced = session.is_audit_forced()?;
        if !self.is_audited() {
            if is_forced {
                plan.notes.push(
                    "the device does nothing more while its log is full, and nobody reads it: name an \
                     `auditor`"
                        .to_owned(),
                );
            }
            return Ok(());
        }
        let audited = session.audited()?;
        if !AUDITED
            .iter()
            .all(|command| audited.contains(&command.code()))
        {
            plan.steps.push(DeviceStep::Audit);
        }
        if !is_forced {
            plan.steps.push(DeviceStep::ForceAudit);
        }
        Ok(())
    }
}

/// The domain and the algorithm of the key that somebody signs with.
fn key_of(
    purpose: Purpose<'_>,
    known: &[(String, Domains, Algorithm)],
) -> Option<(Domains, Algorithm)> {
    let Purpose::Sign(key) = purpose else {
        return None;
    };
    let mut known = known.iter();
    let found = known.find(|(label, ..)| label == key.id.as_str());
    found.map(|(_, domains, algorithm)| (*domains, *algorithm))
}

/// The passphrase of the administrator.
fn administrator_of(known: &AdministrativeCredentials) -> Result<Passphrase, HsmError> {
    let mut all = known.administrators.iter();
    let found = all.find(|(user, _)| user.as_str() == ADMINISTRATOR);
    found
        .map(|(_, passphrase)| Passphrase::new(passphrase.expose().to_owned()))
        .ok_or(HsmError::NoAdministration)
}

fn refused(error: &DeviceError) -> DeviceRefusal {
    let why = error.to_string();
    match error.is_other_device() {
        true => DeviceRefusal::OtherDevice { why },
        false => DeviceRefusal::Unreachable { why },
    }
}

fn algorithm(key_type: KeyType) -> Algorithm {
    match key_type {
        KeyType::Curve25519 => Algorithm::ED25519,
        KeyType::EcP256 => Algorithm::P256,
        KeyType::EcP384 => Algorithm::P384,
        KeyType::EcP521 => Algorithm::P521,
        KeyType::Rsa2048 => Algorithm::RSA_2048,
        KeyType::Rsa3072 => Algorithm::RSA_3072,
        KeyType::Rsa4096 => Algorithm::RSA_4096,
    }
}
