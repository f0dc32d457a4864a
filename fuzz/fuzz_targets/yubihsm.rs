//! Hostile octets for `signstar_fuzz::yubihsm`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::yubihsm(octets));
