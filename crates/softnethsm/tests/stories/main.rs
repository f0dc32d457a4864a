//! Stories of a NetHSM in software, told over the wire.

mod answers;
mod at_rest;
mod command;
mod crash;
mod device;
mod keys;
#[cfg(feature = "misbehave")]
mod misbehaviour;
mod people;
