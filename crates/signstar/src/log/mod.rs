//! What is on record before it leaves.

use crate::{config::Log, refusal::Refused, sign::Signed};

/// A signature that is on record as the configuration demands.
///
/// Only [`Logged::record`] makes one:
///
/// ```compile_fail,E0451
/// # fn skip(signed: signstar::sign::Signed) -> signstar::log::Logged {
/// signstar::log::Logged { signed }
/// # }
/// ```
#[derive(Debug)]
pub struct Logged {
    signed: Signed,
}

impl Logged {
    /// Records `signed` and says so.
    pub fn record(signed: Signed, log: &Log) -> Result<Self, Refused> {
        match log {
            Log::Unlogged => Ok(Self { signed }),
        }
    }

    /// The signature that is on record.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }
}
