//! Hostile octets for `signstar_fuzz::stream`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::stream(octets));
