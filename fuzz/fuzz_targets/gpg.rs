//! Hostile octets for `signstar_fuzz::gpg`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::gpg(octets));
