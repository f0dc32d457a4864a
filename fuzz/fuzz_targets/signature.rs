//! Hostile octets for `signstar_fuzz::signature`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::signature(octets));
