//! What stands in for NetHSMs in a build without them.

use signstar::{
    config::{Key, NetHsm},
    sign::{PublicKey, Signer},
};

use crate::{CannotRead, Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &NetHsm, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("nethsm"))
}

pub(crate) fn public_key(_: &Key, _: &NetHsm) -> Result<Option<PublicKey>, CannotRead> {
    Err(OpenError::NotBuilt("nethsm").into())
}
