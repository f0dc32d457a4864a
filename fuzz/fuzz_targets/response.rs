//! Hostile octets for `signstar_fuzz::response`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::response(octets));
