//! What a host of an enclave does besides signing: it is set up as the configuration says, and so
//! are its HSMs, with credentials that several people hold together; and it hands out certificates, metrics and backups to users that sign nothing.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod check;
mod configuration;
mod download;
mod error;
pub mod host;
pub mod hsm;
mod identity;
mod journal;
pub mod shares;
mod status;

pub use check::{Checked, check};
pub use download::{Download, download};
pub use error::Error;
pub use status::Status;
