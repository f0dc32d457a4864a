//! Private keys and what can be done with them.
//!
//! Private-key operations go through AWS-LC, which works in constant time, wherever its safe
//! interface has them. What it lacks:
//!
//! | what | where from |
//! |---|---|
//! | RSA below 2048 bits; octets that are no digest in PKCS #1 v1.5; RSA without padding; hashes that AWS-LC does not pad with | [`modular`], [`padding`], [`unpadding`] over `crypto-bigint` |
//! | BIP 340 | [`koblitz`], that is `k256` |
//! | Brainpool | [`brainpool`], that is `bp256`, `bp384` and a third curve of their parts |
//! | MD5 | [`hash`], that is `md-5` |
//!
//! All of that runs in constant time too, but was not audited as AWS-LC was.

mod brainpool;
pub(crate) mod der;
mod edwards;
mod elliptic;
mod generic;
mod hash;
mod koblitz;
mod modular;
mod nist;
mod padding;
mod pem;
mod rsa;
mod unpadding;

use aws_lc_rs::digest::{SHA256, digest};
use nethsm::key::{DecryptMode, KeyType, PrivateKeyData, PublicKeyData, SignMode};
use nethsm::octets::SecretOctets;
use pkcs8::der::Encode;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::der::pem::{LineEnding, encode_string};
use pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use self::edwards::EdwardsKey;
use self::elliptic::EllipticKey;
pub(crate) use self::generic::BLOCK;
use self::generic::GenericKey;
use self::rsa::RsaKey;
use crate::vault::KeptPrivate;

/// Why a key cannot be made or used. The text is what the API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("RSA key length must be between 1024 and 8192.")]
    RsaLength,
    #[error("Generic key length must be between 128 and 8192.")]
    GenericLength,
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
    #[error("Generic keys have no public key")]
    NoPublic,
    #[error("Generic keys can't create certificates")]
    NoCertificate,
    #[error("Decryption failure")]
    Decryption,
    #[error("Decryption only supported for RSA and Generic keys.")]
    DecryptionType,
    #[error("invalid sign mode")]
    SignMode,
    #[error("digested data of invalid size")]
    DigestSize,
    #[error("message too long for the key")]
    MessageSize,
    #[error("Key operation failed")]
    Failed,
}

/// A private key, ready for use. It has no `Debug`, and its octets are erased on drop.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaKey>),
    Edwards(EdwardsKey),
    Elliptic(EllipticKey),
    Generic(GenericKey),
}

/// What a signature in a certificate, or in a request for one, says of its algorithm: an
/// `AlgorithmIdentifier` (RFC 5280 §4.1.1.2), DER.
pub(crate) struct Signed {
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// `sha256WithRSAEncryption` (RFC 4055 §5) and `ecdsa-with-SHA256` (RFC 5758 §3.2).
const RSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

impl PrivateKey {
    /// Makes a key. `length` is that of an RSA modulus or of a Generic key in bits, ignored for
    /// other types.
    pub(crate) fn generate(key_type: KeyType, length: Option<u32>) -> Result<Self, KeyError> {
        let bits = length.unwrap_or_default();
        Ok(match key_type {
            KeyType::Rsa => Self::Rsa(Box::new(RsaKey::generate(bits)?)),
            KeyType::Curve25519 => Self::Edwards(EdwardsKey::generate()?),
            KeyType::Generic => Self::Generic(GenericKey::generate(bits)?),
            _ => Self::Elliptic(EllipticKey::generate(key_type)?),
        })
    }

    /// Takes in a key of given numbers.
    pub(crate) fn import(key_type: KeyType, private: &PrivateKeyData) -> Result<Self, KeyError> {
        if key_type == KeyType::Rsa {
            let octets = |part: &Option<SecretOctets>| {
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
        let data = private.data.as_ref();
        let data = data.map_or(&[][..], |data| data.expose());
        Ok(match key_type {
            KeyType::Curve25519 => Self::Edwards(EdwardsKey::from_seed(data)?),
            KeyType::Generic => Self::Generic(GenericKey::from_octets(data)),
            _ => Self::Elliptic(EllipticKey::from_scalar(key_type, data)?),
        })
    }

    /// Takes in a key from PEM that is not encrypted: PKCS #8, PKCS #1 or SEC 1, the first block
    /// that is one of these.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        pem::read(pem)
    }

    /// Reads a key as it is kept.
    pub(crate) fn from_kept(kept: &KeptPrivate) -> Result<Self, KeyError> {
        match kept {
            KeptPrivate::Pkcs8(pkcs8) => Self::from_pkcs8(pkcs8.expose()),
            KeptPrivate::Raw(octets) => Ok(Self::Generic(GenericKey::from_octets(octets.expose()))),
        }
    }

    /// The key as it is kept: PKCS #8, or the octets of a Generic key.
    pub(crate) fn to_kept(&self) -> Result<KeptPrivate, KeyError> {
        let kept = |octets: &[u8]| SecretOctets::new(octets.to_vec());
        Ok(match self {
            Self::Generic(key) => KeptPrivate::Raw(kept(key.octets())),
            other => KeptPrivate::Pkcs8(kept(&other.to_pkcs8()?)),
        })
    }

    /// Reads a key that is not Generic: PKCS #8, DER, written by us or by a device.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| KeyError::Missing)?;
        Ok(match info.algorithm.oid {
            rsa::OID => Self::Rsa(Box::new(RsaKey::from_pkcs8(pkcs8)?)),
            edwards::OID => Self::Edwards(EdwardsKey::from_pkcs8(pkcs8)?),
            elliptic::OID => Self::Elliptic(EllipticKey::from_pkcs8(&info)?),
            _ => return Err(KeyError::Unsupported),
        })
    }

    /// PKCS #8, DER. There is none of a Generic key.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Rsa(key) => Ok(key.to_pkcs8()),
            Self::Edwards(key) => key.to_pkcs8(),
            Self::Elliptic(key) => key.to_pkcs8(),
            Self::Generic(_) => Err(KeyError::Unsupported),
        }
    }

    /// What kind of key this is.
    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa(_) => KeyType::Rsa,
            Self::Edwards(_) => KeyType::Curve25519,
            Self::Elliptic(key) => key.key_type(),
            Self::Generic(_) => KeyType::Generic,
        }
    }

    /// The public part; Generic keys have none.
    pub(crate) fn public(&self) -> Option<PublicKeyData> {
        let point = |point: &[u8]| PublicKeyData::Point {
            data: point.to_vec().into(),
        };
        Some(match self {
            Self::Rsa(key) => PublicKeyData::Rsa {
                modulus: key.modulus().to_vec().into(),
                public_exponent: key.exponent().to_vec().into(),
            },
            Self::Edwards(key) => point(key.public()),
            Self::Elliptic(key) => point(key.public()),
            Self::Generic(_) => return None,
        })
    }

    /// The public part as `SubjectPublicKeyInfo` (RFC 5280 §4.1), DER.
    pub(crate) fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Rsa(key) => spki(rsa::OID, Some(AnyRef::NULL), &key.public_der()?),
            Self::Edwards(key) => spki(edwards::OID, None, key.public()),
            Self::Elliptic(key) => {
                spki(elliptic::OID, Some(AnyRef::from(key.curve())), key.public())
            }
            Self::Generic(_) => Err(KeyError::NoPublic),
        }
    }

    /// The public part as `SubjectPublicKeyInfo`, PEM.
    pub(crate) fn public_pem(&self) -> Result<String, KeyError> {
        encode_string("PUBLIC KEY", LineEnding::LF, &self.public_der()?)
            .map_err(|_| KeyError::Failed)
    }

    /// Signs `message`; the mode says what it is and what comes back.
    pub(crate) fn sign(&self, mode: SignMode, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match (self, mode) {
            (Self::Edwards(key), SignMode::EdDsa) => key.sign(message),
            (Self::Elliptic(key), SignMode::Ecdsa) => key.sign(message),
            (Self::Elliptic(key), SignMode::Bip340) => key.sign_bip340(message),
            (Self::Rsa(key), SignMode::Pkcs1) => key.sign_pkcs1(message),
            (Self::Rsa(key), _) => key.sign_pss(mode, message),
            _ => Err(KeyError::SignMode),
        }
    }

    /// Whether a signature takes AWS-LC at most some hundred microseconds.
    pub(crate) fn signs_quickly(&self) -> bool {
        matches!(
            self.key_type(),
            KeyType::Curve25519 | KeyType::EcP256 | KeyType::EcP384 | KeyType::EcP521
        )
    }

    /// Signs what goes into a certificate or a request for one: with SHA-256, for Ed25519 as it is.
    pub(crate) fn sign_certificate(&self, octets: &[u8]) -> Result<Signed, KeyError> {
        let digest = digest(&SHA256, octets);
        let (oid, parameters, signature) = match self {
            Self::Rsa(key) => {
                let signature = key.sign_pkcs1(&padding::sha256_info(digest.as_ref()))?;
                (RSA_WITH_SHA256, Some(AnyRef::NULL), signature)
            }
            Self::Edwards(key) => (edwards::OID, None, key.sign(octets)?),
            Self::Elliptic(key) => {
                // ECDSA takes a digest for a number, so a short one may have zeros before it.
                let zeros = key.digest_length().saturating_sub(digest.as_ref().len());
                let digest = [vec![0; zeros].as_slice(), digest.as_ref()].concat();
                (ECDSA_WITH_SHA256, None, key.sign(&digest)?)
            }
            Self::Generic(_) => return Err(KeyError::NoCertificate),
        };
        let algorithm = AlgorithmIdentifier { oid, parameters };
        Ok(Signed {
            algorithm: algorithm.to_der().map_err(|_| KeyError::Failed)?,
            signature,
        })
    }

    /// Decrypts with RSA.
    pub(crate) fn decrypt(
        &self,
        mode: DecryptMode,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Rsa(key) => key.decrypt(mode, encrypted),
            _ => Err(KeyError::DecryptionType),
        }
    }

    /// The key, if it is one to encrypt with.
    pub(crate) fn generic(&self) -> Option<&GenericKey> {
        match self {
            Self::Generic(key) => Some(key),
            _ => None,
        }
    }
}

fn spki(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    public: &[u8],
) -> Result<Vec<u8>, KeyError> {
    SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(public).map_err(|_| KeyError::Failed)?,
    }
    .to_der()
    .map_err(|_| KeyError::Failed)
}
