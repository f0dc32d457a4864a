//! Keys in a YubiHSM2.
//!
//! The device answers on USB, or over HTTP from the program `yubihsm-connector` that has it. What is said
//! is encrypted between this process and the device ([`channel`]), so nothing in between has to be
//! trusted: it can keep silent, and that is all. A `DeviceKey` has one session, which all who sign take in
//! turns as the device does; whatever goes wrong ends it, and the next request begins another one.

pub mod administration;
pub mod channel;
pub mod command;
mod connector;
pub mod log;
pub mod object;
mod session;
mod signer;
mod trouble;
mod turns;
mod usb;
pub mod wrapped;

use signstar::{
    config::{Key, YubiHsm2},
    sign::{PublicKey, Signer},
};

use crate::{CannotRead, Conduct, OpenError};

pub(crate) fn open(
    key: &Key,
    device: &YubiHsm2,
    conduct: Conduct,
) -> Result<Box<dyn Signer>, OpenError> {
    Ok(Box::new(signer::DeviceKey::open(key, device, conduct)?))
}

pub(crate) fn public_key(key: &Key, device: &YubiHsm2) -> Result<Option<PublicKey>, CannotRead> {
    signer::public_key(key, device)
}
