//! Hostile octets for `signstar_fuzz::tile`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::tile(octets));
