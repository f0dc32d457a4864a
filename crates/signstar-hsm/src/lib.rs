//! Signing keys that stay in a Hardware Security Module.
//!
//! [`open`] turns what the configuration says about a key into a [`Signer`]; the path of a
//! signature sees nothing of what is behind it.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod credential;
pub mod nethsm;

use std::path::PathBuf;

use signstar::{
    config::{Hsm, Key},
    sign::Signer,
};

pub use credential::{BadCredential, passphrase};

/// Why a key cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The credential of its operator cannot be had.
    #[error("cannot use the passphrase in {path}")]
    Credential {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: BadCredential,
    },
    /// A name or an address in the configuration is not one of the HSM's.
    #[error("the configuration has `{value}`")]
    Value {
        /// What it has.
        value: String,
        /// What it should be.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate of the HSM cannot be checked.
    #[error("cannot tell whether the HSM is the right one")]
    Tls(#[source] ::nethsm::client::BadTls),
}

/// Opens the key `key` of the HSM `hsm`. Nothing is sent to the HSM yet.
pub fn open(key: &Key, hsm: &Hsm) -> Result<Box<dyn Signer>, OpenError> {
    match hsm {
        Hsm::NetHsm(hsm) => Ok(Box::new(nethsm::NetHsmKey::open(key, hsm)?)),
    }
}
