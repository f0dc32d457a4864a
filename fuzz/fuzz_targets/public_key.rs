//! Hostile octets for `signstar_fuzz::public_key`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::public_key(octets));
