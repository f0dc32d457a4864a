//! What a host of an enclave does besides signing: handing out certificates, metrics and backups to
//! users that sign nothing, and bringing HSMs to what the configuration says.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod configuration;
mod download;
mod error;
pub mod hsm;
mod identity;
mod journal;

pub use download::{Download, download};
pub use error::Error;
