//! A key in several devices, of which none is trusted blindly.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use nethsm::{
    client::{Client, Error as DeviceError, Fleet, FleetError, Options, Order, Tls, Url},
    id::KeyId,
    key::SignRequest,
    table::{GetKey, Sign},
};
use signstar::{
    config::{self, Key, NetHsm},
    sign::{Message, PublicKey, Signer, SignerError},
};

use crate::{
    CannotRead, Conduct, Event, OpenError, credential,
    nethsm::{kind, question},
    operator::{InUse, Operator},
    patience::{Attempts, Outage},
};

/// A key in one device or in several that are as good as each other.
///
/// Fails over to the next device, tries again for a while, and uses no device again that has made
/// a wrong signature. When a device does not know the operator, a passphrase that was stored in the
/// meantime is tried.
pub(crate) struct SharedKey {
    id: KeyId,
    order: Order,
    /// The longest wait for one answer.
    timeout: Duration,
    operator: Operator,
    trusted: RwLock<Arc<Trusted>>,
    outage: Outage,
    conduct: Conduct,
}

/// The devices that have made no wrong signature, and how they are logged in to.
struct Trusted {
    fleet: Fleet,
    passphrase: InUse,
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Every device made a wrong signature.
#[derive(Debug, thiserror::Error)]
#[error("no device is left in use: each made a signature that does not verify")]
struct NoneTrusted;

pub(crate) fn open(
    key: &Key,
    hsm: &NetHsm,
    conduct: Conduct,
) -> Result<Box<dyn Signer>, OpenError> {
    Ok(Box::new(SharedKey::open(key, hsm, conduct)?))
}

impl SharedKey {
    fn open(key: &Key, hsm: &NetHsm, conduct: Conduct) -> Result<Self, OpenError> {
        let operator = operator(key)?;
        let passphrase = begin(key, &operator)?;
        let credentials = operator.credentials(&passphrase);
        let fleet = fleet(hsm, conduct.connections)?.as_user(credentials);
        Ok(Self {
            id: value(key.id.as_str())?,
            order: order(hsm),
            timeout: timeout(hsm),
            operator,
            trusted: RwLock::new(Arc::new(Trusted { fleet, passphrase })),
            outage: Outage::default(),
            conduct,
        })
    }

    /// Asks the devices once, each at most for its part of the time that is `left`.
    fn attempt(
        &self,
        message: &Message,
        question: &SignRequest,
        left: Duration,
    ) -> Result<Vec<u8>, SignerError> {
        loop {
            let trusted = self.trusted();
            let fleet = &trusted.fleet;
            let devices = u32::try_from(fleet.clients().len()).unwrap_or(u32::MAX);
            if devices == 0 {
                return Err(SignerError::Nonsense(Box::new(NoneTrusted)));
            }
            let timeout = self.timeout.min(left / devices);
            let answered = (fleet.with_timeout(timeout))
                .call::<Sign>(&self.id, question)
                .map_err(|error| self.kind(error, &trusted))?;
            let signature = answered.answer.signature.0;
            match &self.conduct.public_key {
                Some(key) if key.verify(message, &signature).is_err() => {
                    self.take_out_of_use(&answered.by);
                }
                _ => return Ok(signature),
            }
        }
    }

    fn trusted(&self) -> Arc<Trusted> {
        let trusted = self.trusted.read();
        trusted.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the errors of all devices mean. One that does not know the operator may know it with
    /// another passphrase, which is tried from then on.
    fn kind(&self, error: FleetError, asked: &Arc<Trusted>) -> SignerError {
        if let FleetError::One { source, .. } = &error
            && self.is_changed(source, asked)
        {
            return SignerError::Unavailable(Box::new(error));
        }
        kind_of_all(error)
    }

    fn is_changed(&self, error: &DeviceError, asked: &Arc<Trusted>) -> bool {
        if !matches!(
            error,
            DeviceError::Unauthorized | DeviceError::TooManyRequests
        ) {
            return false;
        }
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&trusted, asked) {
            // Somebody else saw to it.
            return true;
        }
        let Some(passphrase) = self.operator.another(&asked.passphrase, error) else {
            return false;
        };
        let fleet = (asked.fleet).as_user(self.operator.credentials(&passphrase));
        *trusted = Arc::new(Trusted { fleet, passphrase });
        true
    }

    fn take_out_of_use(&self, device: &Url) {
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        let all = trusted.fleet.clients().iter();
        let others: Vec<Client> = all.filter(|one| one.url() != device).cloned().collect();
        // Of several that noticed at once, one tells.
        if others.len() < trusted.fleet.clients().len() {
            *trusted = Arc::new(Trusted {
                fleet: Fleet::new(others, self.order),
                passphrase: trusted.passphrase.clone(),
            });
            drop(trusted);
            let device = device.to_string();
            self.conduct.witness.tell(&Event::OutOfUse { device });
        }
    }
}

impl Signer for SharedKey {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let question = question(message);
        let Conduct {
            patience, hurry, ..
        } = &self.conduct;
        let mut attempts = Attempts::within(*patience, &self.outage, hurry);
        loop {
            let error = match self.attempt(message, &question, attempts.left()) {
                Err(SignerError::Unavailable(error)) => error,
                answered => {
                    self.outage.is_over();
                    return answered;
                }
            };
            self.conduct.witness.tell(&Event::Failed { error: &*error });
            if !attempts.wait() {
                return Err(SignerError::Unavailable(error));
            }
        }
    }
}

/// All devices of `hsm`, as the operator of `key`.
fn operator(key: &Key) -> Result<Operator, OpenError> {
    let operator = key.operator.as_ref().ok_or(OpenError::NoOperator)?;
    let user = value(operator.as_str())?;
    Ok(Operator::new(user, credential::store(&key.passphrase)))
}

/// The passphrase to begin with.
fn begin(key: &Key, operator: &Operator) -> Result<InUse, OpenError> {
    operator.begin().map_err(|source| OpenError::Credential {
        path: key.passphrase.path().to_owned(),
        source,
    })
}

/// The devices, as nobody in particular.
fn fleet(hsm: &NetHsm, connections: usize) -> Result<Fleet, OpenError> {
    let options = Options {
        timeout: timeout(hsm),
        idle_connections: connections,
        ..Options::default()
    };
    let mut devices = Vec::new();
    for device in hsm.devices() {
        let url: Url = value(&device.url)?;
        let tls: Tls = value(&device.tls)?;
        devices.push(
            Client::with_options(&url, &tls, &options)
                .map_err(|error| OpenError::Tls(error.into()))?,
        );
    }
    Ok(Fleet::new(devices, order(hsm)))
}

fn order(hsm: &NetHsm) -> Order {
    match hsm.order() {
        config::Order::Listed => Order::Listed,
        config::Order::RoundRobin => Order::RoundRobin,
    }
}

/// The longest wait for one answer.
fn timeout(hsm: &NetHsm) -> Duration {
    Duration::from_secs(hsm.timeout_seconds().get().into())
}

/// The public half of `key`, as the first device that answers shows it.
pub(crate) fn public_key(key: &Key, hsm: &NetHsm) -> Result<Option<PublicKey>, CannotRead> {
    let id: KeyId = value(key.id.as_str())?;
    let operator = operator(key)?;
    let credentials = operator.credentials(&begin(key, &operator)?);
    let shown = fleet(hsm, 1)?
        .as_user(credentials)
        .call::<GetKey>(&id, &())
        .map_err(kind_of_all)?;
    Ok(crate::nethsm::public_key(shown.answer))
}

/// What the errors of all devices mean for the path of a signature.
fn kind_of_all(error: FleetError) -> SignerError {
    match error {
        FleetError::One { source, .. } => kind(source),
        FleetError::Empty => SignerError::Unavailable(Box::new(error)),
        FleetError::All(errors) => {
            let told = errors
                .iter()
                .map(|(url, error)| format!("{url}: {}", whole(error)));
            let told = told.collect::<Vec<_>>().join("; ");
            let mut kinds = errors.into_iter().map(|(_, error)| kind(error));
            if kinds.all(|kind| matches!(kind, SignerError::Nonsense(_))) {
                SignerError::Nonsense(told.into())
            } else {
                SignerError::Unavailable(told.into())
            }
        }
    }
}

/// An error with its causes, in one line.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn value<T>(text: &str) -> Result<T, OpenError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse().map_err(|source: T::Err| OpenError::Value {
        value: text.to_owned(),
        source: Box::new(source),
    })
}
