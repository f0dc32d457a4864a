//! Keys on tokens behind PKCS#11.
//!
//! The module of a token is code of somebody else, which may hang, crash or scribble. It never runs in
//! a process that signs: `TokenKey` asks processes of the program `signstar-pkcs11`,
//! one for each session, over the [`wire`]. Who does not answer in time or in form is killed, and
//! whoever has met any trouble ends; the next request starts another one. So nothing is ever mended,
//! and a removed token, a lost login and a crashed module recover in the same way.

mod failure;
mod helper;
mod key;
mod pin;
mod pool;
mod setup;
pub mod wire;

use signstar::{
    config::{Key, Pkcs11},
    sign::{PublicKey, Signer},
};

use crate::{CannotRead, Conduct, OpenError};

pub use failure::{Failure, TokenError};
pub use setup::{KeyKind, Setup};

pub(crate) fn open(
    key: &Key,
    token: &Pkcs11,
    conduct: Conduct,
) -> Result<Box<dyn Signer>, OpenError> {
    Ok(Box::new(key::TokenKey::open(key, token, conduct)?))
}

pub(crate) fn public_key(key: &Key, token: &Pkcs11) -> Result<Option<PublicKey>, CannotRead> {
    key::public_key(key, token)
}
