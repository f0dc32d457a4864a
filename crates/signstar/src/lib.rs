//! The path of one signature, and nothing else.
//!
//! ```text
//!   request  ──▶  policy  ──▶  sign  ──▶  log  ──▶  response
//!   Request       Grant        Signed     Logged    Response
//! ```
//!
//! Each stage is a folder and a type; each takes the one before by value and can say no.
//! [`answer`] calls them in order, and the types leave no other order.
//!
//! This crate touches no file, socket, clock or HSM: they come in as arguments.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
pub mod config;
mod json;
pub mod log;
pub mod policy;
pub mod refusal;
pub mod request;
pub mod response;
pub mod sign;

use std::time::SystemTime;

use crate::{
    config::ClientName,
    log::{Log, Logged},
    policy::{Grant, Policy},
    refusal::Refused,
    request::{Request, Salts},
    response::Response,
    sign::{Keyring, Signed},
};

/// What an enclave decides, signs and records with.
#[derive(Debug)]
pub struct Enclave {
    /// Who may ask for what.
    pub policy: Policy,
    /// The keys, wherever they are.
    pub keyring: Keyring,
    /// Where signatures are recorded before they are released.
    pub log: Log,
    /// The salts that this session was given and has not used.
    pub salts: Salts,
}

/// Answers one request: `octets` as `client` sent them at the time `now`.
///
/// Many threads may do so at once with the same `enclave`.
pub fn answer(
    octets: &[u8],
    client: &ClientName,
    enclave: &Enclave,
    now: SystemTime,
) -> Result<Response, Refused> {
    let request = Request::parse(octets)?;
    let grant = Grant::decide(request, client, &enclave.policy, now)?;
    let signed = match enclave.log.find(&grant)? {
        Some(earlier) => Signed::recall(grant, earlier, &enclave.keyring)?,
        None => Signed::make(grant, &enclave.keyring, &enclave.salts)?,
    };
    let logged = Logged::record(signed, &enclave.log, &enclave.keyring)?;
    Ok(Response::release(logged))
}
