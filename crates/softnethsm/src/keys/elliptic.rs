//! A key on an elliptic curve: its scalar, and whose arithmetic signs with it.

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest::{SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
};
use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use nethsm::key::KeyType;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifier;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use super::KeyError;
use super::brainpool::{self, BrainpoolP512r1};
use super::{koblitz, nist};
use crate::random;

/// `id-ecPublicKey` (RFC 5480 §2.1.1).
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The arithmetic of one key on one curve. All of it runs in constant time.
pub(super) trait Arithmetic: Send + Sync {
    /// The uncompressed point `04 ‖ X ‖ Y`.
    fn public(&self) -> &[u8];

    /// ECDSA with an unpredictable nonce over a digest of the length that the curve has; DER.
    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// BIP 340 over a message of any length; 64 bytes.
    fn sign_bip340(&self, _message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::SignMode)
    }
}

/// The arithmetic of a key, or that its scalar is none.
pub(super) type Opened = Result<Box<dyn Arithmetic>, KeyError>;

/// What differs between the curves.
struct Curve {
    key_type: KeyType,
    oid: ObjectIdentifier,
    /// The bits of the order.
    bits: usize,
    /// The bytes of the digests that are signed.
    digest_length: usize,
    /// Takes a scalar of the right length; refuses zero and what is not below the order.
    open: fn(&[u8]) -> Opened,
}

static CURVES: [Curve; 7] = [
    Curve {
        key_type: KeyType::EcP256,
        oid: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        bits: 256,
        digest_length: 32,
        open: |scalar| nist::open(&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDH_P256, &SHA256, scalar),
    },
    Curve {
        key_type: KeyType::EcP384,
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        bits: 384,
        digest_length: 48,
        open: |scalar| nist::open(&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDH_P384, &SHA384, scalar),
    },
    Curve {
        key_type: KeyType::EcP521,
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        bits: 521,
        digest_length: 64,
        open: |scalar| nist::open(&ECDSA_P521_SHA512_ASN1_SIGNING, &ECDH_P521, &SHA512, scalar),
    },
    Curve {
        key_type: KeyType::EcP256K1,
        oid: ObjectIdentifier::new_unwrap("1.3.132.0.10"),
        bits: 256,
        digest_length: 32,
        open: koblitz::open,
    },
    Curve {
        key_type: KeyType::BrainpoolP256,
        oid: ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"),
        bits: 256,
        digest_length: 32,
        open: brainpool::open::<BrainpoolP256r1>,
    },
    Curve {
        key_type: KeyType::BrainpoolP384,
        oid: ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"),
        bits: 384,
        digest_length: 48,
        open: brainpool::open::<BrainpoolP384r1>,
    },
    Curve {
        key_type: KeyType::BrainpoolP512,
        oid: ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"),
        bits: 512,
        digest_length: 64,
        open: brainpool::open::<BrainpoolP512r1>,
    },
];

/// A key on an elliptic curve.
pub(crate) struct EllipticKey {
    curve: &'static Curve,
    /// Big-endian, as long as the order.
    scalar: Zeroizing<Vec<u8>>,
    arithmetic: Box<dyn Arithmetic>,
}

impl EllipticKey {
    /// Draws numbers until one is in the range of scalars: one or two times, for all curves.
    pub(super) fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        let curve = of_type(key_type)?;
        let mut scalar = Zeroizing::new(vec![0; curve.scalar_length()]);
        loop {
            random::fill(&mut scalar).map_err(|_| KeyError::Failed)?;
            if let Some(first) = scalar.first_mut() {
                *first &= 0xff >> (8 * curve.scalar_length() - curve.bits);
            }
            match (curve.open)(&scalar) {
                Ok(arithmetic) => {
                    return Ok(Self {
                        curve,
                        scalar,
                        arithmetic,
                    });
                }
                Err(KeyError::ScalarRange) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// From a big-endian scalar of exactly 32, 48, 64 or 66 bytes, above zero and below the order.
    pub(super) fn from_scalar(key_type: KeyType, scalar: &[u8]) -> Result<Self, KeyError> {
        of_type(key_type)?.key(scalar)
    }

    /// From `ECPrivateKey` (RFC 5915 §3), DER. The curve may be named outside of it. The public
    /// key in it, if any, is not believed but computed.
    pub(super) fn from_sec1(
        sec1: &[u8],
        curve: Option<ObjectIdentifier>,
    ) -> Result<Self, KeyError> {
        let key = EcPrivateKey::from_der(sec1).map_err(|_| KeyError::Missing)?;
        let inside = key.parameters.and_then(EcParameters::named_curve);
        let oid = curve.or(inside).ok_or(KeyError::Missing)?;
        if inside.is_some_and(|inside| inside != oid) {
            return Err(KeyError::Missing);
        }
        CURVES
            .iter()
            .find(|curve| curve.oid == oid)
            .ok_or(KeyError::Unsupported)?
            .key(key.private_key)
    }

    pub(super) fn from_pkcs8(info: &PrivateKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let curve = info
            .algorithm
            .parameters
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
            .ok_or(KeyError::Missing)?;
        Self::from_sec1(info.private_key.as_bytes(), Some(curve))
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Failed;
        let sec1 = EcPrivateKey {
            private_key: &self.scalar,
            parameters: None,
            public_key: Some(self.public()),
        };
        let sec1 = Zeroizing::new(sec1.to_der().map_err(failed)?);
        let algorithm = AlgorithmIdentifier {
            oid: OID,
            parameters: Some(AnyRef::from(&self.curve.oid)),
        };
        let octets = OctetStringRef::new(&sec1).map_err(failed)?;
        PrivateKeyInfoRef::new(algorithm, octets)
            .to_der()
            .map(Zeroizing::new)
            .map_err(failed)
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.curve.key_type
    }

    pub(super) fn curve(&self) -> &'static ObjectIdentifier {
        &self.curve.oid
    }

    /// The bytes of the digests that this key signs.
    pub(super) fn digest_length(&self) -> usize {
        self.curve.digest_length
    }

    /// The uncompressed point `04 ‖ X ‖ Y`.
    pub(super) fn public(&self) -> &[u8] {
        self.arithmetic.public()
    }

    /// ECDSA with an unpredictable nonce over a digest of exactly 32, 48 or 64 bytes; DER.
    pub(super) fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        if digest.len() != self.curve.digest_length {
            return Err(KeyError::DigestSize);
        }
        self.arithmetic.sign(digest)
    }

    /// BIP 340 over a message of any length; 64 bytes.
    pub(super) fn sign_bip340(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.arithmetic.sign_bip340(message)
    }
}

impl Curve {
    fn scalar_length(&self) -> usize {
        self.bits.div_ceil(8)
    }

    fn key(&'static self, scalar: &[u8]) -> Result<EllipticKey, KeyError> {
        if scalar.len() != self.scalar_length() {
            return Err(KeyError::ScalarLength);
        }
        Ok(EllipticKey {
            curve: self,
            arithmetic: (self.open)(scalar)?,
            scalar: Zeroizing::new(scalar.to_vec()),
        })
    }
}

fn of_type(key_type: KeyType) -> Result<&'static Curve, KeyError> {
    CURVES
        .iter()
        .find(|curve| curve.key_type == key_type)
        .ok_or(KeyError::Unsupported)
}
