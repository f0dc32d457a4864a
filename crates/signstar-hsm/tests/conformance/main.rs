//! What every kind of HSM has to do, and what only some of them can get wrong.

mod made_by_others;
mod misbehaving;
mod nethsm;
mod openssl;
mod pkcs11;
mod program;
mod suite;
mod token;

suite::conformance!(softnethsm, crate::nethsm::SoftNetHsm);
suite::conformance!(softhsm2, crate::token::SoftHsm2);
