//! Stories of a whole enclave: real `sshd`, `ssh`, `gpg` and `pacman`, and an HSM in software.
//!
//! They need everything built, and an HSM that misbehaves on request:
//! `cargo build --workspace --features softnethsm/misbehave`.

mod again;
mod bounds;
mod crash;
mod devices;
mod distribution;
mod doors;
mod faults;
mod gpg;
mod key_types;
mod kinds;
mod large;
mod log_key;
mod logged;
mod losses;
mod many;
mod mechanisms;
mod memory;
mod monitored;
mod others;
mod pacman;
mod rates;
mod refusals;
mod releases;
mod roles;
mod rotations;
mod sandbox;
mod secrets;
mod sessions;
mod speed;
mod story;
mod strangers;
mod swarms;
mod threats;
mod tokens;
mod trouble;
mod tunnels;
mod watching;
mod witnesses;
mod yubihsm;
