//! Hostile octets for `signstar_fuzz::socket`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::socket(octets));
