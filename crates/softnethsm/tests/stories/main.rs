//! Stories of a NetHSM in software, told over the wire.

mod answers;
mod answers_system;
mod at_rest;
mod backups;
mod certificates;
mod command;
mod crash;
mod device;
mod keys;
mod kills;
#[cfg(feature = "misbehave")]
mod misbehaviour;
mod old_backups;
mod people;
mod pieces;
mod settings;
mod updates;
