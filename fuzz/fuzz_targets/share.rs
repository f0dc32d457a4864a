//! Hostile octets for `signstar_fuzz::share`.
#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| signstar_fuzz::share(octets));
