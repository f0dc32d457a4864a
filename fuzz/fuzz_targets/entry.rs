//! Hostile octets for `signstar_fuzz::entry`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::entry(octets));
