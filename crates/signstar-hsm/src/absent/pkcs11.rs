//! What stands in for PKCS#11 in a build without it.

use signstar::{
    config::{Key, Pkcs11},
    sign::{PublicKey, Signer},
};

use crate::{CannotRead, Conduct, OpenError};

pub(crate) fn open(_: &Key, _: &Pkcs11, _: Conduct) -> Result<Box<dyn Signer>, OpenError> {
    Err(OpenError::NotBuilt("pkcs11"))
}

pub(crate) fn public_key(_: &Key, _: &Pkcs11) -> Result<Option<PublicKey>, CannotRead> {
    Err(OpenError::NotBuilt("pkcs11").into())
}
