//! Hostile octets for `signstar_fuzz::bundle`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::bundle(octets));
