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
//! | [`path`] | paths with parameters, in both directions |
//! | [`body`] | what is sent and answered, as bytes |
//! | [`id`], [`octets`], [`passphrase`], [`time`] | the plain values inside |
//! | [`key`], [`namespace`], [`system`], [`user`] | the questions and answers, by noun |
//! | `client` | the client (feature `client`, on by default) |
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

pub mod body;
pub mod call;
#[cfg(feature = "client")]
pub mod client;
pub mod id;
pub mod key;
pub mod namespace;
pub mod octets;
pub mod passphrase;
pub mod path;
pub mod system;
pub mod table;
pub mod time;
pub mod user;

mod names;
