//! Hostile octets for `signstar_fuzz::request`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::request(octets));
