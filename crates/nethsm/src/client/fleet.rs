//! Several devices with the same keys, as one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Client, Error, Url};
use crate::call::Call;
use crate::passphrase::Credentials;
use crate::system::SystemState;

/// Which device is asked first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// The first of the list; the others only when it does not answer.
    #[default]
    Listed,
    /// Each in turn, to share the load.
    RoundRobin,
}

/// Several devices with the same users and keys: a call is made of the first that is well.
///
/// Calls that [change nothing](crate::call::Row::changes_nothing), signing among them, go on to
/// the next device when one cannot be reached, proves to be another, answers 5xx or is not
/// operational. All other
/// calls are made **once at most**: of the first device that says it is operational, without a
/// second try, because what the first did before it failed is unknown.
///
/// A device that failed is left alone for a while: one second, then two, four and so on to one
/// minute. If all are left alone, they are tried nevertheless.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # use nethsm::passphrase::Credentials;
/// # let (first, second) = (example::operational(), example::operational().with_key("packages"));
/// # let clients = vec![first.client(), second.client()];
/// # let operator = Credentials::new("operator".parse()?, example::passphrase());
/// use nethsm::client::{Fleet, Order};
/// use nethsm::key::{SignMode, SignRequest};
/// use nethsm::table::Sign;
///
/// let fleet = Fleet::new(clients, Order::Listed).as_user(operator);
/// # drop(first);
/// // The first of the two is switched off now.
/// let question = SignRequest { mode: SignMode::EdDsa, message: b"hello".to_vec().into() };
/// let answered = fleet.call::<Sign>(&"packages".parse()?, &question)?;
/// assert_eq!(answered.by, *fleet.clients()[1].url());
/// assert_eq!(fleet.conditions()[0].1.failures, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fleet {
    clients: Vec<Client>,
    shared: Arc<Shared>,
}

/// What all handles of a fleet know.
#[derive(Debug)]
struct Shared {
    order: Order,
    next: AtomicUsize,
    conditions: Mutex<Vec<Condition>>,
}

/// How a device of a fleet is, as far as is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Condition {
    /// How often it failed since it last answered.
    pub failures: u32,
    /// Until when it is left alone.
    pub left_alone_until: Option<Instant>,
    /// How it failed last, for the journal.
    pub last_error: Option<String>,
}

/// An answer, and who gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered<A> {
    /// The answer.
    pub answer: A,
    /// The device that gave it.
    pub by: Url,
}

/// No device gave an answer.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// There is none in the fleet.
    #[error("there is no device to ask")]
    Empty,
    /// This device refused, and another would refuse too; or it failed and it is not known
    /// what it did.
    #[error("{by}: {source}")]
    One {
        /// The device.
        by: Url,
        /// Why.
        source: Error,
    },
    /// All failed, in this order.
    #[error("none of {} devices answered", .0.len())]
    All(Vec<(Url, Error)>),
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Fleet {
    /// These devices as one.
    pub fn new(clients: Vec<Client>, order: Order) -> Self {
        let conditions = vec![Condition::default(); clients.len()];
        Self {
            clients,
            shared: Arc::new(Shared {
                order,
                next: AtomicUsize::new(0),
                conditions: Mutex::new(conditions),
            }),
        }
    }

    /// The same devices and connections, for calls as this user, who is known to all of them.
    #[must_use]
    pub fn as_user(&self, credentials: Credentials) -> Self {
        let credentials = Arc::new(credentials);
        self.with(|client| client.as_shared_user(credentials.clone()))
    }

    /// The same devices and connections; each call may take this long in all.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.with(|client| client.with_timeout(timeout))
    }

    fn with(&self, change: impl Fn(&Client) -> Client) -> Self {
        Self {
            clients: self.clients.iter().map(change).collect(),
            shared: self.shared.clone(),
        }
    }

    /// The devices, in the order of the list, for calls that are meant for one of them.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// How the devices are, in the order of the list. Asks nobody.
    pub fn conditions(&self) -> Vec<(Url, Condition)> {
        let urls = self.clients.iter().map(|client| client.url().clone());
        urls.zip(self.lock().iter().cloned()).collect()
    }

    /// Asks every device for its state, in the order of the list, and remembers who answered.
    /// To be called now and then where a failed device shall be noticed before a call is made.
    pub fn check(&self) -> Vec<(Url, Result<SystemState, Error>)> {
        let check = |(place, client): (usize, &Client)| {
            let state = client.state();
            match &state {
                Ok(SystemState::Operational) => self.is_well(place),
                Ok(_) => self.failed(place, &Error::WrongState),
                Err(error) => self.failed(place, error),
            }
            (client.url().clone(), state)
        };
        self.clients.iter().enumerate().map(check).collect()
    }

    /// Makes a call of the first device that is well.
    ///
    /// # Errors
    ///
    /// [`FleetError`].
    pub fn call<C: Call>(
        &self,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<Answered<C::Answer>, FleetError> {
        self.ask::<C, _>(|client| client.call::<C>(parameters, question))
    }

    /// Like [`Fleet::call`], for what is not a plain call: `ask` makes the call `C` of the device
    /// that it is given, with a query, as a transfer, or through another library.
    ///
    /// # Errors
    ///
    /// [`FleetError`].
    pub fn ask<C: Call, A>(
        &self,
        ask: impl Fn(&Client) -> Result<A, Error>,
    ) -> Result<Answered<A>, FleetError> {
        let mut errors = Vec::new();
        for place in self.places() {
            let Some(client) = self.clients.get(place) else {
                continue;
            };
            let is_safe = C::ROW.changes_nothing();
            if !is_safe && let Err(error) = self.is_operational(client) {
                self.failed(place, &error);
                errors.push((client.url().clone(), error));
                continue;
            }
            let by = client.url().clone();
            match ask(client) {
                Ok(answer) => {
                    self.is_well(place);
                    return Ok(Answered { answer, by });
                }
                Err(source) if !is_of_the_device(&source) => {
                    self.is_well(place);
                    return Err(FleetError::One { by, source });
                }
                Err(source) => {
                    self.failed(place, &source);
                    if !is_safe {
                        return Err(FleetError::One { by, source });
                    }
                    errors.push((by, source));
                }
            }
        }
        if errors.is_empty() {
            return Err(FleetError::Empty);
        }
        Err(FleetError::All(errors))
    }

    fn is_operational(&self, client: &Client) -> Result<(), Error> {
        match client.state()? {
            SystemState::Operational => Ok(()),
            _ => Err(Error::WrongState),
        }
    }

    /// Which devices to ask, in this order: those that are well, then those left alone, the
    /// one first whose time is up first.
    fn places(&self) -> Vec<usize> {
        let count = self.clients.len();
        let first = match self.shared.order {
            Order::Listed => 0,
            Order::RoundRobin => self.shared.next.fetch_add(1, Ordering::Relaxed),
        };
        let mut places: Vec<usize> = (0..count)
            .map(|place| place.wrapping_add(first) % count)
            .collect();
        let now = Instant::now();
        let conditions = self.lock();
        places.sort_by_key(|place| {
            let until = conditions.get(*place)?.left_alone_until?;
            (until > now).then_some(until)
        });
        places
    }

    fn is_well(&self, place: usize) {
        if let Some(condition) = self.lock().get_mut(place) {
            *condition = Condition::default();
        }
    }

    fn failed(&self, place: usize, error: &Error) {
        if let Some(condition) = self.lock().get_mut(place) {
            let pause = FIRST_PAUSE * 2_u32.saturating_pow(condition.failures.min(6));
            condition.failures = condition.failures.saturating_add(1);
            condition.left_alone_until = Some(Instant::now() + pause.min(LONGEST_PAUSE));
            condition.last_error = Some(error.to_string());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Condition>> {
        // No one panics while holding it; and if so, what stands there is still sound.
        let conditions = self.shared.conditions.lock();
        conditions.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error tells of the device, so that another one may do better, rather than of the
/// question.
fn is_of_the_device(error: &Error) -> bool {
    matches!(
        error,
        Error::Unreachable { .. }
            | Error::Timeout
            | Error::Tls { .. }
            | Error::WrongState
            | Error::Server { .. }
            | Error::Protocol { .. }
    )
}
