//! A NetHSM in software: the same REST API, state sealed on disk.
//!
//! Speaks the API that is described in the table of calls of the crate [`nethsm`]: routes, roles,
//! states and media types are read there, and every row has an implementation of a handler here, or
//! this crate does not compile.
//!
//! ```text
//! server ── TLS, HTTP/1.1 ──▶ request ── ordered checks ──▶ handlers ──▶ vault ──▶ store
//!                                │                                         │
//!                              login                              keys, hierarchy, seal
//! ```
//!
//! In a program or a test:
//!
//! ```
//! use softnethsm::{Device, Server};
//!
//! let folder = tempfile::tempdir()?;
//! let server = Server::start(Device::open(folder.path())?, "127.0.0.1:0", None)?;
//! assert_ne!(server.address().port(), 0);
//! server.stop()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod answer;
mod chain;
mod csr;
mod device;
mod encoding;
mod error;
mod folder;
mod handlers;
mod hierarchy;
mod intake;
mod keys;
mod lenient;
mod login;
mod metrics;
mod random;
mod request;
mod seal;
mod server;
mod settings;
mod store;
mod stream;
mod stretch;
mod syslog;
mod tls;
mod update;
mod upload;
mod uses;
mod vault;

#[cfg(feature = "misbehave")]
#[path = "misbehave/on.rs"]
mod misbehave;
#[cfg(not(feature = "misbehave"))]
#[path = "misbehave/off.rs"]
mod misbehave;

pub use crate::device::Device;
pub use crate::error::{Error, SealError, StoreError};
pub use crate::misbehave::Misbehaviour;
#[cfg(feature = "misbehave")]
pub use crate::misbehave::{Cut, Lost};
pub use crate::server::Server;
pub use crate::tls::Identity;
