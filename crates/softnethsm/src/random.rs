//! Randomness from the operating system, through AWS-LC.

use std::convert::Infallible;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use crypto_bigint::rand_core::{TryCryptoRng, TryRng};

use crate::error::SealError;

/// Fills `bytes` with random octets.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), SealError> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| SealError::NoRandomness)
}

/// A made-up ID: 20 hexadecimal digits, as the device makes them.
pub(crate) fn id() -> Result<String, SealError> {
    let mut bytes = [0; 10];
    fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// The same source behind the trait that prime generation asks for.
pub(crate) struct Source;

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    #[expect(
        clippy::expect_used,
        reason = "the trait of prime generation has no room for errors"
    )]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill(bytes).expect("the operating system gives randomness or ends the process");
        Ok(())
    }
}

impl TryCryptoRng for Source {}
