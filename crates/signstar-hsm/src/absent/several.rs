//! What stands in for NetHSMs in a build without them.

use signstar::{
    config::{Key, NetHsm},
    sign::Signer,
};

use crate::{Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &NetHsm, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("nethsm"))
}
