//! Hostile octets for `signstar_fuzz::proof`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::proof(octets));
