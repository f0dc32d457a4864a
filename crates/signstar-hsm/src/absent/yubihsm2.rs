//! What stands in for YubiHSM2 in a build without it.

use signstar::{
    config::{Key, YubiHsm2},
    sign::{PublicKey, Signer},
};

use crate::{CannotRead, Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &YubiHsm2, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("yubihsm2"))
}

pub(crate) fn public_key(_: &Key, _: &YubiHsm2) -> Result<Option<PublicKey>, CannotRead> {
    Err(OpenError::NotBuilt("yubihsm2").into())
}
