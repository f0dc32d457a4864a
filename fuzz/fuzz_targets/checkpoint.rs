//! Hostile octets for `signstar_fuzz::checkpoint`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::checkpoint(octets));
