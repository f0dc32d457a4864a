//! What every kind of HSM has to do, and what only some of them can get wrong.

mod made_by_others;
mod misbehaving;
mod nethsm;
mod openssl;
mod pkcs11;
mod program;
mod suite;
mod token;
mod yubihsm2;
mod yubihsm_mock;
mod yubihsm_of_others;

suite::conformance!(softnethsm, crate::nethsm::SoftNetHsm);
suite::conformance!(softhsm2, crate::token::SoftHsm2);
suite::conformance!(yubihsm_mock_device, crate::yubihsm_mock::Mock);
