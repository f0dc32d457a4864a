//! Private keys and what can be done with them.
//!
//! Private-key operations go through AWS-LC, which works in constant time. What it lacks, RSA below
//! 2048 bits and octets that are no digest in PKCS #1 v1.5 padding, is in [`modular`].

mod curve;
mod edwards;
mod modular;
mod padding;
mod rsa;

use nethsm::key::{KeyType, PrivateKeyData, PublicKeyData, SignMode};
use pkcs8::der::Encode;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use self::curve::CurveKey;
use self::edwards::EdwardsKey;
use self::rsa::RsaKey;

/// Why a key cannot be made or used. The text is what the API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("RSA key length must be between 1024 and 8192.")]
    RsaLength,
    #[error("invalid prime p")]
    PrimeP,
    #[error("invalid prime q")]
    PrimeQ,
    #[error("invalid public exponent")]
    PublicExponent,
    #[error("Cannot parse point: invalid length")]
    ScalarLength,
    #[error("Cannot parse point: invalid range")]
    ScalarRange,
    #[error("No private key")]
    Missing,
    #[error("key type not supported")]
    Unsupported,
    #[error("invalid sign mode")]
    SignMode,
    #[error("digested data of invalid size")]
    DigestSize,
    #[error("message too long for the key")]
    MessageSize,
    #[error("Key operation failed")]
    Failed,
}

/// A private key, ready to sign. It has no `Debug`, and its octets are erased on drop.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaKey>),
    Edwards(EdwardsKey),
    Curve(CurveKey),
}

impl PrivateKey {
    /// Makes a key. `length` is the length of an RSA modulus in bits, ignored for other types.
    pub(crate) fn generate(key_type: KeyType, length: Option<u32>) -> Result<Self, KeyError> {
        Ok(match key_type {
            KeyType::Rsa => Self::Rsa(Box::new(RsaKey::generate(length.unwrap_or_default())?)),
            KeyType::Curve25519 => Self::Edwards(EdwardsKey::generate()?),
            _ => Self::Curve(CurveKey::generate(key_type)?),
        })
    }

    /// Takes in a key of given numbers.
    pub(crate) fn import(key_type: KeyType, private: &PrivateKeyData) -> Result<Self, KeyError> {
        if key_type == KeyType::Rsa {
            let octets = |part: &Option<nethsm::octets::SecretOctets>| {
                Zeroizing::new(
                    part.as_ref()
                        .map_or_else(Vec::new, |part| part.expose().to_vec()),
                )
            };
            return Ok(Self::Rsa(Box::new(RsaKey::from_primes(
                &octets(&private.prime_p),
                &octets(&private.prime_q),
                &octets(&private.public_exponent),
            )?)));
        }
        let data = private
            .data
            .as_ref()
            .ok_or(KeyError::ScalarLength)?
            .expose();
        Ok(match key_type {
            KeyType::Curve25519 => Self::Edwards(EdwardsKey::from_seed(data)?),
            _ => Self::Curve(CurveKey::from_scalar(key_type, data)?),
        })
    }

    /// Reads a key as it is kept: PKCS #8, DER.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| KeyError::Missing)?;
        Ok(match info.algorithm.oid {
            rsa::OID => Self::Rsa(Box::new(RsaKey::from_pkcs8(pkcs8)?)),
            edwards::OID => Self::Edwards(EdwardsKey::from_pkcs8(pkcs8)?),
            curve::OID => {
                let curve = info
                    .algorithm
                    .parameters
                    .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
                    .ok_or(KeyError::Missing)?;
                Self::Curve(CurveKey::from_pkcs8(curve, pkcs8)?)
            }
            _ => return Err(KeyError::Unsupported),
        })
    }

    /// PKCS #8, DER.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Rsa(key) => Ok(key.to_pkcs8()),
            Self::Edwards(key) => key.to_pkcs8(),
            Self::Curve(key) => key.to_pkcs8(),
        }
    }

    /// What kind of key this is.
    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa(_) => KeyType::Rsa,
            Self::Edwards(_) => KeyType::Curve25519,
            Self::Curve(key) => key.key_type(),
        }
    }

    /// The public part.
    pub(crate) fn public(&self) -> PublicKeyData {
        match self {
            Self::Rsa(key) => PublicKeyData::Rsa {
                modulus: key.modulus().to_vec().into(),
                public_exponent: key.exponent().to_vec().into(),
            },
            Self::Edwards(key) => PublicKeyData::Point {
                data: key.public().to_vec().into(),
            },
            Self::Curve(key) => PublicKeyData::Point {
                data: key.public().to_vec().into(),
            },
        }
    }

    /// The public part as `SubjectPublicKeyInfo` (RFC 5280 §4.1), PEM.
    pub(crate) fn public_pem(&self) -> Result<String, KeyError> {
        match self {
            Self::Rsa(key) => spki(rsa::OID, Some(AnyRef::NULL), &key.public_der()?),
            Self::Edwards(key) => spki(edwards::OID, None, key.public()),
            Self::Curve(key) => spki(curve::OID, Some((&key.curve()).into()), key.public()),
        }
    }

    /// Signs `message`; the mode says what it is and what comes back.
    pub(crate) fn sign(&self, mode: SignMode, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match (self, mode) {
            (Self::Edwards(key), SignMode::EdDsa) => key.sign(message),
            (Self::Curve(key), SignMode::Ecdsa) => key.sign(message),
            (Self::Rsa(key), SignMode::Pkcs1) => key.sign_pkcs1(message),
            (Self::Rsa(key), _) => key.sign_pss(mode, message),
            _ => Err(KeyError::SignMode),
        }
    }
}

fn spki(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    public: &[u8],
) -> Result<String, KeyError> {
    let der = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(public).map_err(|_| KeyError::Failed)?,
    }
    .to_der()
    .map_err(|_| KeyError::Failed)?;
    encode_string("PUBLIC KEY", LineEnding::LF, &der).map_err(|_| KeyError::Failed)
}
