//! How often clients ask.

use std::{fmt, time::SystemTime};

use crate::{
    config::{ClientName, Rates},
    refusal::{Code, Refused},
};

/// Counts the requests of clients, for longer than a session lasts.
///
/// An implementation promises that all sessions of a client share one count, that the count
/// outlives them, and that it refuses where it cannot count.
pub trait Meter: fmt::Debug + Send + Sync {
    /// Counts one request of `client` at the time `now`.
    ///
    /// Refuses with `rate-limited` what exceeds one of `rates`, and with `misconfigured` if the
    /// count cannot be kept. What is refused does not count.
    fn take(&self, client: &ClientName, rates: &Rates, now: SystemTime) -> Result<(), Refused>;
}

/// No count at all: it refuses everybody whose rates are limited.
#[derive(Clone, Copy, Debug)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn take(&self, _: &ClientName, _: &Rates, _: SystemTime) -> Result<(), Refused> {
        Err(Refused::new(Code::Misconfigured).because("rates are limited, but nothing counts"))
    }
}
