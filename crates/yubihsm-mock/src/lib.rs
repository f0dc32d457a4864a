//! A YubiHSM2 in software, behind the HTTP of a connector: for tests and for trying, never for keys that
//! matter. It keeps its keys in a plain file.
//!
//! It does what signing and administration need: sessions, authentication keys, asymmetric keys, wrap keys,
//! signatures, export and import, options and the log, with domains and capabilities as the device enforces
//! them.

mod administration;
mod audit;
mod device;
mod key;
mod objects;
mod server;
mod session;

pub use device::{Device, Lost, Misbehaviour};
pub use key::{Kind, UnknownKind};
pub use objects::{Error, Object, Objects};
pub use server::Server;
