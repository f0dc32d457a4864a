//! An Ed25519 key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use pkcs8::ObjectIdentifier;
use zeroize::Zeroizing;

use super::KeyError;

/// `id-Ed25519` (RFC 8410 §3).
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// An Ed25519 key; the pair inside belongs to AWS-LC, which erases it.
pub(crate) struct EdwardsKey(Ed25519KeyPair);

impl EdwardsKey {
    pub(super) fn generate() -> Result<Self, KeyError> {
        Ed25519KeyPair::generate()
            .map(Self)
            .map_err(|_| KeyError::Failed)
    }

    /// From a seed of exactly 32 bytes (RFC 8032 §5.1.5).
    pub(super) fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        if seed.len() != 32 {
            return Err(KeyError::ScalarLength);
        }
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| KeyError::Failed)
    }

    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
            .map(Self)
            .map_err(|_| KeyError::Missing)
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self.0.to_pkcs8v1().map_err(|_| KeyError::Failed)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    pub(super) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Pure Ed25519 over the message; 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self
            .0
            .try_sign(message)
            .map_err(|_| KeyError::Failed)?
            .as_ref()
            .to_vec())
    }
}
