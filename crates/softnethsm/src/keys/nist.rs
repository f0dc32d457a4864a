//! Arithmetic on P-256, P-384 and P-521: that of AWS-LC.

use aws_lc_rs::agreement;
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair};

use super::KeyError;
use super::elliptic::{Arithmetic, Opened};

/// The pair belongs to AWS-LC, which erases it.
struct NistKey {
    pair: EcdsaKeyPair,
    digest: &'static digest::Algorithm,
}

pub(super) fn open(
    signing: &'static EcdsaSigningAlgorithm,
    agreement: &'static agreement::Algorithm,
    digest: &'static digest::Algorithm,
    scalar: &[u8],
) -> Opened {
    // The pair wants both halves; the agreement key computes the public one and checks the range.
    let public = agreement::PrivateKey::from_private_key(agreement, scalar)
        .map_err(|_| KeyError::ScalarRange)?
        .compute_public_key()
        .map_err(|_| KeyError::ScalarRange)?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, scalar, public.as_ref())
        .map_err(|_| KeyError::ScalarRange)?;
    Ok(Box::new(NistKey { pair, digest }))
}

impl Arithmetic for NistKey {
    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        sign(&self.pair, self.digest, digest)
    }
}

/// ECDSA of AWS-LC with a random nonce; DER.
pub(super) fn sign(
    pair: &EcdsaKeyPair,
    algorithm: &'static digest::Algorithm,
    digest: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let digest = Digest::import_less_safe(digest, algorithm).map_err(|_| KeyError::DigestSize)?;
    let signature = pair.sign_digest(&digest).map_err(|_| KeyError::Failed)?;
    Ok(signature.as_ref().to_vec())
}
