//! What stands in for YubiHSM2 in a build without it.

use signstar::{
    config::{Key, YubiHsm2},
    sign::Signer,
};

use crate::{Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &YubiHsm2, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("yubihsm2"))
}
