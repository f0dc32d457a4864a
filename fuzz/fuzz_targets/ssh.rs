//! Hostile octets for `signstar_fuzz::ssh`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::ssh(octets));
