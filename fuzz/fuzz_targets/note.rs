//! Hostile octets for `signstar_fuzz::note`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::note(octets));
