//! A key in several devices, of which none is trusted blindly.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use nethsm::{
    client::{Client, Fleet, FleetError, Options, Order, Tls, Url},
    id::KeyId,
    key::SignRequest,
    passphrase::Credentials,
    table::Sign,
};
use signstar::{
    config::{self, Credential, Key, NetHsm},
    sign::{Message, Signer, SignerError},
};

use crate::{
    Conduct, Event, OpenError, credential,
    nethsm::{kind, question},
    patience::{Attempts, Outage},
};

/// A key in one device or in several that are as good as each other.
///
/// Fails over to the next device, tries again for a while, and uses no device again that has made
/// a wrong signature.
pub(crate) struct SharedKey {
    id: KeyId,
    order: Order,
    /// The longest wait for one answer.
    timeout: Duration,
    trusted: RwLock<Arc<Fleet>>,
    outage: Outage,
    conduct: Conduct,
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
        let Credential::File(path) = &key.passphrase;
        let passphrase = credential::passphrase(path).map_err(|source| OpenError::Credential {
            path: path.clone(),
            source,
        })?;
        let timeout = Duration::from_secs(hsm.timeout_seconds().get().into());
        let options = Options {
            timeout,
            idle_connections: conduct.connections,
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
        let order = match hsm.order() {
            config::Order::Listed => Order::Listed,
            config::Order::RoundRobin => Order::RoundRobin,
        };
        let operator = key.operator.as_deref().unwrap_or_default();
        let operator = Credentials::new(value(operator)?, passphrase);
        Ok(Self {
            id: value(&key.id)?,
            order,
            timeout,
            trusted: RwLock::new(Arc::new(Fleet::new(devices, order).as_user(operator))),
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
            let fleet = self.trusted();
            let devices = u32::try_from(fleet.clients().len()).unwrap_or(u32::MAX);
            if devices == 0 {
                return Err(SignerError::Nonsense(Box::new(NoneTrusted)));
            }
            let timeout = self.timeout.min(left / devices);
            let answered = (fleet.with_timeout(timeout))
                .call::<Sign>(&self.id, question)
                .map_err(kind_of_all)?;
            let signature = answered.answer.signature.0;
            match &self.conduct.public_key {
                Some(key) if key.verify(message, &signature).is_err() => {
                    self.take_out_of_use(&answered.by);
                }
                _ => return Ok(signature),
            }
        }
    }

    /// The devices that have made no wrong signature.
    fn trusted(&self) -> Arc<Fleet> {
        let trusted = self.trusted.read();
        trusted.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_out_of_use(&self, device: &Url) {
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        let all = trusted.clients().iter();
        let others: Vec<Client> = all.filter(|one| one.url() != device).cloned().collect();
        // Of several that noticed at once, one tells.
        if others.len() < trusted.clients().len() {
            *trusted = Arc::new(Fleet::new(others, self.order));
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
