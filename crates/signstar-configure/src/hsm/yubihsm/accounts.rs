//! Who logs in at a YubiHSM2 besides its administrator.

use std::path::PathBuf;

use nethsm::passphrase::Passphrase;
use signstar::config::{Config, Credential, HsmName, HsmUser, Key, Mechanism, Role, YubiHsm2};
use signstar_hsm::{
    CredentialStore, SecretFile, Which, made_up,
    yubihsm2::{
        command::{Algorithm, label},
        object::{Capabilities, Description, Domains},
    },
};

use crate::hsm::{HsmError, places, users, wanted::Place as Resting};

/// The domain of who uses no key.
const NO_KEY: u8 = 16;

/// Somebody who logs in with an authentication key.
#[derive(Debug)]
pub(super) struct Account<'a> {
    pub(super) number: u16,
    pub(super) purpose: Purpose<'a>,
    path: PathBuf,
    file: SecretFile,
}

/// What somebody logs in for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// To sign with a key.
    Sign(&'a Key),
    /// To export objects.
    BackUp,
    /// To read the log.
    Audit,
}

impl Purpose<'_> {
    /// What it is called in a plan.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Sign(key) => format!("who signs with key `{}`", key.id),
            Self::BackUp => "who makes backups".to_owned(),
            Self::Audit => "who reads the log".to_owned(),
        }
    }
}

/// What may be done with a key of this algorithm, by the key and by those who sign with it.
pub(super) fn to_sign(key: &Key, algorithm: Algorithm) -> Capabilities {
    let able = Capabilities::to_sign_with(algorithm);
    if !able.contain(Capabilities::SIGN_PSS) {
        return able;
    }
    let has_certificate = key.certificate.is_some() || key.certificate_v6.is_some();
    match (key.raw, has_certificate) {
        (Some(Mechanism::Pss), false) => Capabilities::SIGN_PSS,
        (Some(Mechanism::Pss), true) => able,
        _ => Capabilities::SIGN_PKCS,
    }
}

impl<'a> Account<'a> {
    /// All accounts of the device `name`, in the order of their numbers.
    pub(super) fn all(
        config: &'a Config,
        name: &HsmName,
        device: &YubiHsm2,
    ) -> Result<Vec<Self>, HsmError> {
        let mut accounts = Vec::new();
        for (key_name, key) in config.keys.iter().filter(|(_, key)| key.hsm == *name) {
            for user in users::of(config, key_name, key) {
                if let Some(operator) = user.operator {
                    accounts.push(Self::new(
                        config,
                        operator,
                        Purpose::Sign(key),
                        &user.place,
                    )?);
                }
            }
        }
        let place = |passphrase: &Credential, unix_user| Resting {
            credential: passphrase.clone(),
            unix_user,
        };
        for (user, known) in &config.users {
            if let Role::Backup(account) = &known.role
                && account.hsm == *name
            {
                let place = place(&account.passphrase, Some(user.to_string()));
                let operator = &account.operator;
                accounts.push(Self::new(config, operator, Purpose::BackUp, &place)?);
            }
        }
        if let Some(account) = &device.auditor {
            let place = place(&account.passphrase, None);
            let operator = &account.operator;
            accounts.push(Self::new(config, operator, Purpose::Audit, &place)?);
        }
        accounts.sort_by_key(|account| account.number);
        accounts.dedup_by_key(|account| account.number);
        Ok(accounts)
    }

    fn new(
        config: &Config,
        operator: &HsmUser,
        purpose: Purpose<'a>,
        place: &Resting,
    ) -> Result<Self, HsmError> {
        let number = operator.as_str().parse();
        let number = number.map_err(|_| {
            HsmError::Unfit(format!(
                "`{operator}` is no number of an authentication key"
            ))
        })?;
        Ok(Self {
            number,
            purpose,
            path: place.credential.path().to_owned(),
            file: places::file(config, place)?,
        })
    }

    /// What its authentication key is to be. One that signs is in the domain of its key, which has this
    /// algorithm.
    pub(super) fn described(&self, key: Option<(Domains, Algorithm)>) -> Option<Description> {
        let (text, domains, capabilities) = match (self.purpose, key) {
            (Purpose::Sign(wanted), Some((domains, algorithm))) => {
                (wanted.id.as_str(), domains, to_sign(wanted, algorithm))
            }
            (Purpose::Sign(_), None) => return None,
            (Purpose::BackUp, _) => ("backup", Domains::ALL, Capabilities::EXPORT_WRAPPED),
            (Purpose::Audit, _) => (
                "audit",
                Domains::one(NO_KEY)?,
                Capabilities::GET_LOG_ENTRIES,
            ),
        };
        Some(Description {
            id: self.number,
            label: label(text)?,
            domains,
            capabilities: capabilities.and(Capabilities::EXPORTABLE_UNDER_WRAP),
            algorithm: Algorithm::AES128_AUTHENTICATION,
        })
    }

    /// Its passphrase, if it is stored here.
    pub(super) fn passphrase(&self) -> Result<Option<Passphrase>, HsmError> {
        CredentialStore::read(&self.file, Which::Current).map_err(self.bad())
    }

    /// Its passphrase, made up and stored before any device hears of it.
    pub(super) fn passphrase_or_new(&self) -> Result<Passphrase, HsmError> {
        if let Some(stored) = self.passphrase()? {
            return Ok(stored);
        }
        let made = made_up().map_err(|error| self.bad()(error.into()))?;
        places::make_folder_of(&self.path)?;
        self.file.write(Which::Current, &made).map_err(self.bad())?;
        Ok(made)
    }

    fn bad(&self) -> impl FnOnce(signstar_hsm::BadCredential) -> HsmError {
        let path = self.path.clone();
        move |source| HsmError::Passphrase { path, source }
    }
}
