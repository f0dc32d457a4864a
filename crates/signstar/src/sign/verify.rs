//! A raw signature, checked against the very octets that were signed.

use aws_lc_rs::{
    digest::{self, Digest as Hashed},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
    },
};

use super::{Message, PublicKey, raw};
use crate::request::Digest;

/// A raw signature that the key did not make over the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature does not verify with the public key")]
pub struct NotByThisKey;

impl PublicKey {
    /// Checks that the private half of this key made `signature` over `message`; its form is that
    /// which [`Signer`](super::Signer) promises.
    ///
    /// Fails as well if a key of this kind cannot sign such a message.
    pub fn verify(&self, message: &Message, signature: &[u8]) -> Result<(), NotByThisKey> {
        match (self, message) {
            (Self::Rsa { .. }, Message::RsaPkcs1(info)) => {
                match raw::digest_in(info).ok_or(NotByThisKey)? {
                    Digest::Sha256(digest) => self.rsa(
                        &RSA_PKCS1_2048_8192_SHA256,
                        &digest,
                        &digest::SHA256,
                        signature,
                    ),
                    Digest::Sha512(digest) => self.rsa(
                        &RSA_PKCS1_2048_8192_SHA512,
                        &digest,
                        &digest::SHA512,
                        signature,
                    ),
                }
            }
            (Self::Rsa { .. }, Message::RsaPss(Digest::Sha256(digest))) => self.rsa(
                &RSA_PSS_2048_8192_SHA256,
                digest,
                &digest::SHA256,
                signature,
            ),
            (Self::Rsa { .. }, Message::RsaPss(Digest::Sha512(digest))) => self.rsa(
                &RSA_PSS_2048_8192_SHA512,
                digest,
                &digest::SHA512,
                signature,
            ),
            (Self::P256(point), Message::Ecdsa(digest)) => hashed(
                &ECDSA_P256_SHA256_ASN1,
                point,
                digest,
                &digest::SHA256,
                signature,
            ),
            (Self::P384(point), Message::Ecdsa(digest)) => hashed(
                &ECDSA_P384_SHA384_ASN1,
                point,
                digest,
                &digest::SHA384,
                signature,
            ),
            (Self::P521(point), Message::Ecdsa(digest)) => hashed(
                &ECDSA_P521_SHA512_ASN1,
                point,
                digest,
                &digest::SHA512,
                signature,
            ),
            (Self::Ed25519(key), Message::Ed25519(message)) => {
                UnparsedPublicKey::new(&ED25519, key)
                    .verify(message, signature)
                    .map_err(|_| NotByThisKey)
            }
            _ => Err(NotByThisKey),
        }
    }

    fn rsa(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        digest: &[u8],
        hash: &'static digest::Algorithm,
        signature: &[u8],
    ) -> Result<(), NotByThisKey> {
        let key = self.to_pkcs1().ok_or(NotByThisKey)?;
        hashed(algorithm, &key, digest, hash, signature)
    }
}

fn hashed(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    digest: &[u8],
    hash: &'static digest::Algorithm,
    signature: &[u8],
) -> Result<(), NotByThisKey> {
    let digest = Hashed::import_less_safe(digest, hash).map_err(|_| NotByThisKey)?;
    UnparsedPublicKey::new(algorithm, key)
        .verify_digest(&digest, signature)
        .map_err(|_| NotByThisKey)
}
