//! Typed, blocking client of the NetHSM REST API.
//!
//! The API is described once, in [`table`]: every call is one row that names method, path,
//! who may call in which state, what is sent and what comes back. The client here and the
//! server in `softnethsm` both read that table, so a new call is one new row.
//!
//! | module | what it holds |
//! |---|---|
//! | [`call`] | what a call is: [`Call`](call::Call), [`Row`](call::Row), who may call when |
//! | [`table`] | every call, one row each |
//! | [`path`], [`query`] | paths with parameters and what stands behind, in both directions |
//! | [`body`], [`multipart`] | what is sent and answered, as bytes |
//! | [`id`], [`octets`], [`passphrase`], [`time`] | the plain values inside |
//! | [`cluster`], [`config`], [`csr`], [`key`], [`metrics`], [`namespace`], [`system`], [`transfer`], [`user`] | the questions and answers, by noun |
//! | `client` | the client (feature `client`, on by default) |
//! | `backup` | backup files, without a device (feature `backup`, on by default) |
//!
//! Without the feature `client` nothing here opens a socket.

#![cfg_attr(
    not(test),
    warn(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

#[cfg(feature = "backup")]
pub mod backup;
pub mod body;
pub mod call;
#[cfg(feature = "client")]
pub mod client;
pub mod cluster;
pub mod config;
pub mod csr;
pub mod id;
pub mod key;
pub mod metrics;
pub mod multipart;
pub mod namespace;
pub mod octets;
pub mod passphrase;
pub mod path;
pub mod query;
pub mod system;
pub mod table;
pub mod time;
pub mod transfer;
pub mod user;

mod names;
mod words;
