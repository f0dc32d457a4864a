//! Hostile octets for `signstar_fuzz::certificate`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::certificate(octets));
