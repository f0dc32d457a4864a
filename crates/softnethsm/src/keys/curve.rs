//! A key on one of the curves P-256, P-384 and P-521.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use nethsm::key::KeyType;
use pkcs8::ObjectIdentifier;
use zeroize::Zeroizing;

use super::KeyError;

/// `id-ecPublicKey` (RFC 5480 §2.1.1).
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What differs between the curves.
struct Curve {
    key_type: KeyType,
    oid: ObjectIdentifier,
    scalar_length: usize,
    signing: &'static EcdsaSigningAlgorithm,
    agreement: &'static agreement::Algorithm,
    digest: &'static digest::Algorithm,
}

static CURVES: [Curve; 3] = [
    Curve {
        key_type: KeyType::EcP256,
        oid: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        scalar_length: 32,
        signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
        agreement: &ECDH_P256,
        digest: &SHA256,
    },
    Curve {
        key_type: KeyType::EcP384,
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        scalar_length: 48,
        signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
        agreement: &ECDH_P384,
        digest: &SHA384,
    },
    Curve {
        key_type: KeyType::EcP521,
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        scalar_length: 66,
        signing: &ECDSA_P521_SHA512_ASN1_SIGNING,
        agreement: &ECDH_P521,
        digest: &SHA512,
    },
];

/// An ECDSA key; the pair inside belongs to AWS-LC, which erases it.
pub(crate) struct CurveKey {
    curve: &'static Curve,
    pair: EcdsaKeyPair,
}

impl CurveKey {
    pub(super) fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        let curve = of_type(key_type)?;
        let pair = EcdsaKeyPair::generate(curve.signing).map_err(|_| KeyError::Failed)?;
        Ok(Self { curve, pair })
    }

    /// From a big-endian scalar of exactly 32, 48 or 66 bytes, above zero and below the order.
    pub(super) fn from_scalar(key_type: KeyType, scalar: &[u8]) -> Result<Self, KeyError> {
        let curve = of_type(key_type)?;
        if scalar.len() != curve.scalar_length {
            return Err(KeyError::ScalarLength);
        }
        // The pair wants both halves; the agreement key computes the public one and checks the range.
        let public = agreement::PrivateKey::from_private_key(curve.agreement, scalar)
            .map_err(|_| KeyError::ScalarRange)?
            .compute_public_key()
            .map_err(|_| KeyError::ScalarRange)?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(curve.signing, scalar, public.as_ref())
                .map_err(|_| KeyError::ScalarRange)?;
        Ok(Self { curve, pair })
    }

    pub(super) fn from_pkcs8(oid: ObjectIdentifier, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let curve = CURVES
            .iter()
            .find(|curve| curve.oid == oid)
            .ok_or(KeyError::Unsupported)?;
        let pair = EcdsaKeyPair::from_pkcs8(curve.signing, pkcs8).map_err(|_| KeyError::Missing)?;
        Ok(Self { curve, pair })
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self.pair.to_pkcs8v1().map_err(|_| KeyError::Failed)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.curve.key_type
    }

    pub(super) fn curve(&self) -> ObjectIdentifier {
        self.curve.oid
    }

    /// The uncompressed point `04 ‖ X ‖ Y`.
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// ECDSA with a random nonce over a digest of exactly 32, 48 or 64 bytes; DER.
    pub(super) fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        let digest = Digest::import_less_safe(digest, self.curve.digest)
            .map_err(|_| KeyError::DigestSize)?;
        let signature = self
            .pair
            .sign_digest(&digest)
            .map_err(|_| KeyError::Failed)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn of_type(key_type: KeyType) -> Result<&'static Curve, KeyError> {
    CURVES
        .iter()
        .find(|curve| curve.key_type == key_type)
        .ok_or(KeyError::Unsupported)
}
