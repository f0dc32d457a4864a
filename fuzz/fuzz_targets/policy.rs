//! Hostile octets for `signstar_fuzz::policy`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::policy(octets));
