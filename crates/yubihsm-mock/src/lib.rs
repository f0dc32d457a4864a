//! A YubiHSM2 in software, behind the HTTP of a connector: for tests and for trying, never for keys that
//! matter. It keeps its keys in a plain file.
//!
//! It does what signing needs: sessions, the list of objects, public keys and signatures, with domains and
//! capabilities as the device enforces them. Objects are put into it by who has the file ([`Objects`]).

mod device;
mod key;
mod objects;
mod server;
mod session;

pub use device::{Device, Misbehaviour};
pub use key::{Kind, UnknownKind};
pub use objects::{Capabilities, Error, Key, Objects, Operator};
pub use server::Server;
