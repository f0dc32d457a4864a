//! Hostile octets for `signstar_fuzz::configuration`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::configuration(octets));
