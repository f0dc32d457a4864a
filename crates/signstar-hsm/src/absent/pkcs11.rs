//! What stands in for PKCS#11 in a build without it.

use signstar::{
    config::{Key, Pkcs11},
    sign::Signer,
};

use crate::{Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &Pkcs11, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("pkcs11"))
}
