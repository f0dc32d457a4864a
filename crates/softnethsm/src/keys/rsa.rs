//! An RSA key of 1024 to 8192 bits.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use nethsm::key::SignMode;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::der::Encode;
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::spki::AlgorithmIdentifier;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::KeyError;
use super::modular::{Numbers, PrivateOperation};
use super::padding;

/// `rsaEncryption` (RFC 8017 appendix A.1).
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The sizes that AWS-LC generates itself.
const GENERATED: [(u32, KeySize); 4] = [
    (2048, KeySize::Rsa2048),
    (3072, KeySize::Rsa3072),
    (4096, KeySize::Rsa4096),
    (8192, KeySize::Rsa8192),
];

/// A digest algorithm with the two ways in which AWS-LC pads its output.
struct Padded {
    digest: &'static digest::Algorithm,
    pkcs1: &'static dyn RsaEncoding,
    pss: &'static dyn RsaEncoding,
}

static PADDED: [Padded; 3] = [
    Padded {
        digest: &SHA256,
        pkcs1: &RSA_PKCS1_SHA256,
        pss: &RSA_PSS_SHA256,
    },
    Padded {
        digest: &SHA384,
        pkcs1: &RSA_PKCS1_SHA384,
        pss: &RSA_PSS_SHA384,
    },
    Padded {
        digest: &SHA512,
        pkcs1: &RSA_PKCS1_SHA512,
        pss: &RSA_PSS_SHA512,
    },
];

/// An RSA key. AWS-LC signs whenever it can; see [`PrivateOperation`] for what it cannot.
pub(crate) struct RsaKey {
    pkcs8: Zeroizing<Vec<u8>>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// Keys of 2048 bits and more.
    pair: Option<RsaKeyPair>,
    operation: PrivateOperation,
}

impl RsaKey {
    /// Makes a key with a modulus of exactly `bits` bits and the exponent 65537.
    pub(super) fn generate(bits: u32) -> Result<Self, KeyError> {
        if !(1024..=8192).contains(&bits) {
            return Err(KeyError::RsaLength);
        }
        if let Some((_, size)) = GENERATED.iter().find(|(length, _)| *length == bits) {
            let pair = RsaKeyPair::generate(*size).map_err(|_| KeyError::Failed)?;
            let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Failed)?;
            return Self::from_pkcs8(pkcs8.as_ref());
        }
        Self::from_numbers(&Numbers::generate(bits)?)
    }

    /// From two primes and a public exponent, big-endian.
    pub(super) fn from_primes(p: &[u8], q: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        Self::from_numbers(&Numbers::new(p, q, exponent)?)
    }

    fn from_numbers(numbers: &Numbers) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Failed;
        let uint = |octets| UintRef::new(octets).map_err(failed);
        let key = RsaPrivateKeyRef {
            modulus: uint(&numbers.modulus)?,
            public_exponent: uint(&numbers.exponent)?,
            private_exponent: uint(&numbers.private_exponent)?,
            prime1: uint(&numbers.p)?,
            prime2: uint(&numbers.q)?,
            exponent1: uint(&numbers.dp)?,
            exponent2: uint(&numbers.dq)?,
            coefficient: uint(&numbers.coefficient)?,
            other_prime_infos: None,
        };
        let pkcs1 = Zeroizing::new(key.to_der().map_err(failed)?);
        let octets = OctetStringRef::new(&pkcs1).map_err(failed)?;
        let algorithm = AlgorithmIdentifier {
            oid: OID,
            parameters: Some(AnyRef::NULL),
        };
        let pkcs8 = PrivateKeyInfoRef::new(algorithm, octets)
            .to_der()
            .map_err(failed)?;
        Self::from_pkcs8(&Zeroizing::new(pkcs8))
    }

    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| KeyError::Missing)?;
        let key = RsaPrivateKeyRef::try_from(info.private_key.as_bytes())
            .map_err(|_| KeyError::Missing)?;
        let modulus = key.modulus.as_bytes();
        let operation = PrivateOperation::new(
            modulus,
            key.public_exponent.as_bytes(),
            key.private_exponent.as_bytes(),
        )?;
        let pair = match operation.bits() {
            2048..=8192 => Some(RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Missing)?),
            1024..2048 => None,
            _ => return Err(KeyError::RsaLength),
        };
        Ok(Self {
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            modulus: modulus.to_vec(),
            exponent: key.public_exponent.as_bytes().to_vec(),
            pair,
            operation,
        })
    }

    pub(super) fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// The modulus, big-endian, without leading zeros.
    pub(super) fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian, without leading zeros.
    pub(super) fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// `RSAPublicKey` (RFC 8017 appendix A.1.1), DER.
    pub(super) fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        let uint = |octets| UintRef::new(octets).map_err(|_| KeyError::Failed);
        RsaPublicKeyRef {
            modulus: uint(&self.modulus)?,
            public_exponent: uint(&self.exponent)?,
        }
        .to_der()
        .map_err(|_| KeyError::Failed)
    }

    /// PKCS #1 v1.5 padding (RFC 8017 §9.2 from step 3 on) of the given octets as they are.
    pub(super) fn sign_pkcs1(&self, octets: &[u8]) -> Result<Vec<u8>, KeyError> {
        let known = PADDED.iter().find_map(|padded| {
            let digest = padding::digest_of(padded.digest, octets)?;
            Some((padded, digest))
        });
        if let (Some(pair), Some((padded, digest))) = (&self.pair, known) {
            return with_pair(pair, padded.pkcs1, padded.digest, digest);
        }
        self.operation
            .apply(&padding::pkcs1(octets, self.modulus.len())?)
    }

    /// PSS (RFC 8017 §9.1) over a digest, with the same hash in the mask and a salt of its length.
    pub(super) fn sign_pss(&self, mode: SignMode, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        let algorithm = padding::pss_digest(mode)?;
        if digest.len() != algorithm.output_len() {
            return Err(KeyError::DigestSize);
        }
        let known = PADDED.iter().find(|padded| padded.digest == algorithm);
        if let (Some(pair), Some(padded)) = (&self.pair, known) {
            return with_pair(pair, padded.pss, algorithm, digest);
        }
        self.operation
            .apply(&padding::pss(algorithm, digest, self.operation.bits())?)
    }
}

fn with_pair(
    pair: &RsaKeyPair,
    encoding: &'static dyn RsaEncoding,
    algorithm: &'static digest::Algorithm,
    digest: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let digest = Digest::import_less_safe(digest, algorithm).map_err(|_| KeyError::DigestSize)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign_digest(encoding, &digest, &mut signature)
        .map_err(|_| KeyError::Failed)?;
    Ok(signature)
}
