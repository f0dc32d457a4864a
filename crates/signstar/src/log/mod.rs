//! What is on record before it leaves.

use serde::Deserialize;

use crate::{response::Refused, sign::Signed};

/// Where signatures are recorded.
///
/// There is no default: a configuration has to name one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Nowhere: signatures leave without a public record. For trying and testing.
    Unlogged,
}

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
