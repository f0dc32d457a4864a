//! The way to the devices, and to what is stored for them.

use std::{
    cell::RefCell, collections::BTreeMap, error::Error as StdError, io, rc::Rc, thread::sleep,
    time::Duration,
};

use nethsm::{
    backup::Salt,
    client::{Client, Error as DeviceError, Options, Tls, Url},
    id::{NamespaceId, UserId},
    passphrase::{Credentials, Passphrase},
    user::UserRole,
};

use signstar::sign::SignerError;

use super::{ADMIN, Desired, KeyPath, Login};
use crate::{AdministrativeCredentials, BadCredential, CredentialStore, Which};

/// A device refuses a user for one second after a wrong passphrase.
const PENANCE: Duration = Duration::from_millis(1100);
/// How often that is waited for, with others guessing as well.
const PENANCES: u32 = 20;

/// Where the passphrases of users rest that are no administrators.
pub trait Operators {
    /// Where that of `user` rests; `None` if it is none of this host's business.
    fn store_of(&self, user: &UserId) -> Option<&dyn CredentialStore>;
}

/// Where certificates are kept on this host.
///
/// An implementation promises that what it has saved outlives a power failure.
pub trait CertificateStore {
    /// The certificate of a key, in binary form or in ASCII armor.
    fn load(&self, key: &KeyPath) -> io::Result<Option<Vec<u8>>>;
    /// Keeps a certificate, given in binary form, in place of the one that is kept.
    fn save(&self, key: &KeyPath, certificate: &[u8]) -> io::Result<()>;
}

/// Everything it takes to look at the devices and to change them.
pub struct Access<'a> {
    pub(super) desired: &'a Desired,
    pub(super) administration: Option<&'a AdministrativeCredentials>,
    pub(super) operators: &'a dyn Operators,
    pub(super) certificates: &'a dyn CertificateStore,
    pub(super) timeout: Duration,
    pub(super) devices: Vec<Device>,
    pub(super) salts: Salts,
}

/// For each salt of backups, whether the passphrase that belongs to it is the one that is known
/// here. All clones are one. Nothing in it is secret.
#[derive(Clone, Debug, Default)]
pub struct Salts(pub(super) Rc<RefCell<BTreeMap<Salt, bool>>>);

/// One device: where it is, and a handle on it if it is known by its certificate.
pub(super) struct Device {
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) client: Option<Client>,
}

impl std::fmt::Debug for Access<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.devices.iter().map(|device| &device.name);
        f.debug_list().entries(names).finish()
    }
}

/// What keeps something from being looked at or changed. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A device refuses, or cannot be reached.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A passphrase cannot be had or stored.
    #[error("the passphrase of `{user}`")]
    Credential {
        /// Whose.
        user: UserId,
        /// Why.
        source: BadCredential,
    },
    /// A certificate cannot be read or kept.
    #[error("the certificate of key `{key}`")]
    Certificate {
        /// Of which key.
        key: KeyPath,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An address, a name or a certificate in the configuration is none.
    #[error("the configuration has `{value}`")]
    Value {
        /// What it has.
        value: String,
        /// Why it is none.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There are no administrative credentials, or not the ones that this takes.
    #[error("the administrative credentials have nothing for {0}")]
    NoCredential(String),
    /// There is no place for the passphrase of a user.
    #[error("there is no place for the passphrase of `{0}`")]
    NoPlace(UserId),
    /// A device that is not known by its certificate gets nothing secret.
    #[error("{0} is not known by its certificate")]
    Untrusted(String),
    /// The random numbers of the system, or its files.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl AccessError {
    /// Whether the reason is that a device cannot be reached now.
    pub fn is_unreachable(&self) -> bool {
        let mut next: Option<&(dyn StdError + 'static)> = match self {
            Self::Device(error) => {
                return error.is_retryable() || matches!(error, DeviceError::Tls { .. });
            }
            // Where a key signs its certificate.
            other => Some(other),
        };
        while let Some(error) = next {
            if let Some(SignerError::Unavailable(_)) = error.downcast_ref() {
                return true;
            }
            // An error that was put into an I/O error is none of its sources.
            let inside = error.downcast_ref().and_then(io::Error::get_ref);
            next = match inside {
                Some(inside) => Some(inside),
                None => error.source(),
            };
        }
        false
    }

    pub(super) fn certificate<E>(key: &KeyPath) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let key = key.clone();
        move |source| Self::Certificate {
            key,
            source: source.into(),
        }
    }
}

impl<'a> Access<'a> {
    /// The way to the devices of `desired`, each of which has `timeout` for an answer. Nothing is
    /// sent yet. A device is talked to only if it shows the certificate that it is known by.
    pub fn new(
        desired: &'a Desired,
        administration: Option<&'a AdministrativeCredentials>,
        operators: &'a dyn Operators,
        certificates: &'a dyn CertificateStore,
        timeout: Duration,
    ) -> Result<Self, AccessError> {
        let mut devices = Vec::new();
        for device in &desired.devices {
            let value = |value: &str, source: Box<dyn StdError + Send + Sync>| AccessError::Value {
                value: value.to_owned(),
                source,
            };
            let url: Url =
                (device.url.parse()).map_err(|error| value(&device.url, Box::new(error)))?;
            let mut client = None;
            let pins: Vec<&str> = device.known_by().collect();
            if !pins.is_empty() {
                let pins = format!("pin:{}", pins.join(","));
                let bad = |error| value(&pins, Box::new(error));
                let tls: Tls = pins.parse().map_err(bad)?;
                client = Some(handle(&url, &tls, timeout).map_err(bad)?);
            }
            devices.push(Device {
                name: device.url.clone(),
                url,
                client,
            });
        }
        Ok(Self {
            desired,
            administration,
            operators,
            certificates,
            timeout,
            devices,
            salts: Salts::default(),
        })
    }

    /// The same, knowing what others have found out about the passphrase of backups, which takes half
    /// a second for every salt.
    #[must_use]
    pub fn knowing(self, salts: &Salts) -> Self {
        let salts = salts.clone();
        Self { salts, ..self }
    }

    /// Nobody in particular, on a device that is known.
    pub(super) fn nobody(&self, name: &str) -> Result<&Client, AccessError> {
        let device = self.devices.iter().find(|device| device.name == name);
        device
            .and_then(|device| device.client.as_ref())
            .ok_or_else(|| AccessError::Untrusted(name.to_owned()))
    }

    pub(super) fn credentials(&self) -> Result<&'a AdministrativeCredentials, AccessError> {
        self.administration
            .ok_or_else(|| AccessError::NoCredential("this HSM".to_owned()))
    }

    /// `client` as an administrator.
    pub(super) fn administrator(
        &self,
        client: &Client,
        user: &UserId,
    ) -> Result<Client, AccessError> {
        let passphrase = self.credentials()?.administrators.get(user);
        let passphrase =
            passphrase.ok_or_else(|| AccessError::NoCredential(format!("`{user}`")))?;
        Ok(client.as_user(Credentials::new(user.clone(), copy(passphrase))))
    }

    /// `client` as the administrator of the whole device.
    pub(super) fn root(&self, client: &Client) -> Result<Client, AccessError> {
        let admin: UserId = ADMIN.parse().map_err(|error| AccessError::Value {
            value: ADMIN.to_owned(),
            source: Box::new(error),
        })?;
        self.administrator(client, &admin)
    }

    /// `client` as whoever manages what is in `namespace`: until that is there, the administrator
    /// of the whole device.
    pub(super) fn manager(
        &self,
        client: &Client,
        namespace: Option<&NamespaceId>,
    ) -> Result<Client, AccessError> {
        let root = self.root(client)?;
        match namespace {
            Some(namespace) if root.namespaces()?.contains(namespace) => {
                let user = self.desired.administrator_of(namespace);
                let user = user.ok_or_else(|| {
                    AccessError::NoCredential(format!("the namespace `{namespace}`"))
                })?;
                self.administrator(client, user)
            }
            _ => Ok(root),
        }
    }

    pub(super) fn store_of(&self, user: &UserId) -> Result<&'a dyn CredentialStore, AccessError> {
        let store = self.operators.store_of(user);
        store.ok_or_else(|| AccessError::NoPlace(user.clone()))
    }

    pub(super) fn stored(
        &self,
        user: &UserId,
        which: Which,
    ) -> Result<Option<Passphrase>, AccessError> {
        let stored = self.store_of(user)?.read(which);
        stored.map_err(|source| AccessError::Credential {
            user: user.clone(),
            source,
        })
    }

    /// Whether, and with which passphrase, one of the wanted users can log in.
    pub(super) fn login(&self, client: &Client, user: &UserId) -> Result<Login, AccessError> {
        let Some(wanted) = self.desired.users.get(user) else {
            return Ok(Login::Untried);
        };
        if wanted.role == UserRole::Administrator {
            let credentials = self.administration;
            let known = credentials.and_then(|known| known.administrators.get(user));
            return Ok(match known {
                Some(passphrase) if logs_in(client, user, copy(passphrase))? => Login::Current,
                _ => Login::Refused,
            });
        }
        for (which, login) in [(Which::Current, Login::Current), (Which::New, Login::New)] {
            if let Some(passphrase) = self.stored(user, which)?
                && logs_in(client, user, passphrase)?
            {
                return Ok(login);
            }
        }
        Ok(Login::Refused)
    }

    /// `client` as one of the wanted users, with the stored passphrase that it can log in with.
    pub(super) fn user(&self, client: &Client, user: &UserId) -> Result<Client, AccessError> {
        let which = match self.login(client, user)? {
            Login::Current => Which::Current,
            Login::New => Which::New,
            Login::Refused | Login::Untried => return Err(DeviceError::Unauthorized.into()),
        };
        let passphrase = self.stored(user, which)?;
        let passphrase =
            passphrase.ok_or_else(|| AccessError::NoCredential(format!("`{user}`")))?;
        Ok(client.as_user(Credentials::new(user.clone(), passphrase)))
    }
}

pub(super) fn handle(
    url: &Url,
    tls: &Tls,
    timeout: Duration,
) -> Result<Client, nethsm::client::BadTls> {
    let options = Options {
        timeout,
        connect_timeout: timeout.min(Options::default().connect_timeout),
        ..Options::default()
    };
    Client::with_options(url, tls, &options)
}

/// A second one, for the one place that sends it.
pub(super) fn copy(passphrase: &Passphrase) -> Passphrase {
    Passphrase::new(passphrase.expose().to_owned())
}

/// Whether the device knows the user with this passphrase, whatever it lets the user do.
pub(super) fn logs_in(
    client: &Client,
    user: &UserId,
    passphrase: Passphrase,
) -> Result<bool, DeviceError> {
    let client = client.as_user(Credentials::new(user.clone(), passphrase));
    match patiently(|| client.user(user)) {
        Ok(_) | Err(DeviceError::Forbidden { .. } | DeviceError::NotFound { .. }) => Ok(true),
        Err(DeviceError::Unauthorized) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Asks again while the device refuses to listen to the user because somebody guessed.
pub(super) fn patiently<T>(
    mut ask: impl FnMut() -> Result<T, DeviceError>,
) -> Result<T, DeviceError> {
    for _ in 0..PENANCES {
        match ask() {
            Err(DeviceError::TooManyRequests) => sleep(PENANCE),
            answered => return answered,
        }
    }
    ask()
}
