//! A signature that is on record as the configuration demands.

use super::{Log, PublicLog, Recorded};
use crate::{
    refusal::Refused,
    sign::{Keyring, Product, Signed},
};

/// A signature that is on record as the configuration demands.
///
/// Only [`Logged::record`] makes one:
///
/// ```compile_fail,E0451
/// # fn skip(signed: signstar::sign::Signed) -> signstar::log::Logged {
/// signstar::log::Logged { signed, record: None }
/// # }
/// ```
#[derive(Debug)]
pub struct Logged {
    signed: Signed,
    record: Option<Recorded>,
}

impl Logged {
    /// Puts `signed` on record, unless it was taken from there, and checks the proof.
    ///
    /// If the log has an earlier signature for a request with this id, which can only be if both
    /// were made at once, it is that one which is logged. Salts sign nothing and are not recorded.
    pub fn record(signed: Signed, log: &Log, keyring: &Keyring) -> Result<Self, Refused> {
        let id = signed.grant().request().id().cloned();
        match log {
            Log::Public(log) if !matches!(signed.product(), Product::Salt(_)) => {
                public(signed, log, keyring).map_err(|refused| refused.of(id.as_ref()))
            }
            _ => Ok(Self {
                signed,
                record: None,
            }),
        }
    }

    /// The signature that is on record.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Its record in the public log, if there is one.
    pub fn recorded(&self) -> Option<&Recorded> {
        self.record.as_ref()
    }
}

fn public(signed: Signed, log: &PublicLog, keyring: &Keyring) -> Result<Logged, Refused> {
    let (signed, record) = match signed.earlier().cloned() {
        Some(earlier) => (signed, earlier),
        None => {
            let record = log.append(&signed)?;
            if record.entry().is_of_product(signed.product()) {
                (signed, record)
            } else {
                let recalled = Signed::recall(signed.into_grant(), record.clone(), keyring)?;
                (recalled, record)
            }
        }
    };
    Ok(Logged {
        signed: signed.with_place(keyring, &record)?,
        record: Some(record),
    })
}
