//! The public transparency log: every signature is in it before it leaves the enclave.
//!
//! ```text
//!   signstar-sign ──▶ Client ──socket──▶ Server ──▶ Sequencer ──▶ Folder ──▶ any web server
//!                                                     │  ▲
//!                                          CheckpointKey  State (lock, pending)
//! ```
//!
//! [`Witness`](witness::Witness) is the other side of what `Sequencer` asks of witnesses.
//! [`verify`], [`listing`] and [`monitor`] read a log from a [`source`] that is not believed.
//! [`serve`] has the one writer, [`client`] what signing processes use to reach it, [`Folder`] the
//! public files. The formats, the commit order and what it promises are in `spec/log.md`.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

pub mod client;
mod durable;
mod folder;
#[cfg(feature = "hsm")]
pub mod hsm;
mod http;
mod key;
pub mod listing;
pub mod monitor;
mod remote;
pub mod serve;
pub mod shard;
pub mod source;
pub mod verify;
mod web;
mod wire;
pub mod witness;

pub use durable::{StorageError, save};
pub use folder::Folder;
pub use key::{BadKey, CheckpointKey, FileKey, KeyError, Use};
pub use web::{NoPage, write_page};
pub use wire::{Answer, Question, Trouble};
