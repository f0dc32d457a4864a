//! Ask a Signstar enclave for signatures and check its answers.
//!
//! A file is hashed where it is ([`Hashed`]); about a kilobyte of request goes to the enclave over
//! the system's `ssh` ([`Ssh`]); the answer is checked before anything is written ([`Trust`],
//! [`Target`]). [`Batch`] does this for any number of files over one connection, [`sign()`] for
//! one signature that is not to be written.
//!
//! This library never prints and reads no environment. An [`Error`] has a
//! [`hint`](Error::hint) for the person and an [`exit_status`](Error::exit_status) for a script.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod answer;
mod atomic;
mod backlog;
mod batch;
mod checked;
mod conversation;
mod error;
mod form;
mod forward;
mod hashed;
mod name_salt;
mod patience;
mod proxy;
mod record;
mod requests;
mod session;
mod settings;
mod shortcut;
mod signature;
mod single;
mod ssh;
mod target;
mod trust;
mod waiting;

pub use atomic::{hold_writes, write_atomically};
pub use batch::{Batch, Connections, Event, Existing, Names, Outcome};
pub use checked::{Checked, Verdict, check};
pub use error::Error;
pub use form::Form;
pub use forward::forward;
pub use hashed::{Cancelled, Hashed};
pub use name_salt::{NameSalt, NotANameSalt};
pub use patience::Patience;
pub use proxy::Proxy;
pub use record::{Logs, NotInLog};
pub use settings::{Remote, Settings};
pub use signature::Signature;
pub use signstar::request::OutputType;
pub use single::sign;
pub use ssh::{Destination, Ssh};
pub use target::{Target, plan};
pub use trust::{Maker, Trust};
