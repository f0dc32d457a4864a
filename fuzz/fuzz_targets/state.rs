//! Hostile octets for `signstar_fuzz::state`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::state(octets));
