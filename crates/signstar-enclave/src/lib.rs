//! A whole signing enclave on one machine, for trying and testing.
