//! Hostile octets for `signstar_fuzz::backup`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::backup(octets));
