//! Hostile octets for `signstar_fuzz::witness`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::witness(octets));
