//! Arithmetic on secp256k1: ECDSA is that of AWS-LC, BIP 340 that of `k256`.
//!
//! AWS-LC has no Schnorr signatures, and nothing in it computes a public key on this curve alone;
//! `k256`, whose arithmetic runs in constant time too, does both.

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::signature::{ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use k256::SecretKey;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::schnorr::SigningKey;
use zeroize::Zeroizing;

use super::KeyError;
use super::elliptic::{Arithmetic, Opened};
use super::nist;
use crate::random;

/// Both halves erase themselves.
struct KoblitzKey {
    pair: EcdsaKeyPair,
    schnorr: SigningKey,
}

pub(super) fn open(scalar: &[u8]) -> Opened {
    let secret = SecretKey::from_slice(scalar).map_err(|_| KeyError::ScalarRange)?;
    let public = secret.public_key().to_sec1_point(false);
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256K1_SHA256_ASN1_SIGNING,
        scalar,
        public.as_bytes(),
    )
    .map_err(|_| KeyError::ScalarRange)?;
    Ok(Box::new(KoblitzKey {
        pair,
        schnorr: SigningKey::from(secret),
    }))
}

impl Arithmetic for KoblitzKey {
    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        nist::sign(&self.pair, &SHA256, digest)
    }

    fn sign_bip340(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut noise = Zeroizing::new([0; 32]);
        random::fill(noise.as_mut_slice()).map_err(|_| KeyError::Failed)?;
        let signature = self
            .schnorr
            .sign_raw(message, &noise)
            .map_err(|_| KeyError::Failed)?;
        Ok(signature.to_bytes().to_vec())
    }
}
