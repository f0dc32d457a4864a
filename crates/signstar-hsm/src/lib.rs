//! Signing keys that stay in a Hardware Security Module.
