//! An RSA key of 1024 to 8192 bits.

use std::sync::OnceLock;

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384,
    OAEP_SHA512_MGF1SHA512, OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use nethsm::key::{DecryptMode, SignMode};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::der::Encode;
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::spki::AlgorithmIdentifier;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::KeyError;
use super::hash::Hash;
use super::modular::{Numbers, PrivateOperation};
use super::{padding, unpadding};

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

/// An RSA key. AWS-LC signs and decrypts whenever it can; see [`PrivateOperation`] for what it cannot.
pub(crate) struct RsaKey {
    pkcs8: Zeroizing<Vec<u8>>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// Keys of 2048 bits and more.
    pair: Option<RsaKeyPair>,
    decrypting: OnceLock<PrivateDecryptingKey>,
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
            decrypting: OnceLock::new(),
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

    /// From `RSAPrivateKey` (RFC 8017 appendix A.1.2), DER, of two primes. What follows from the
    /// primes and the public exponent is not believed but computed.
    pub(super) fn from_pkcs1(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let key = RsaPrivateKeyRef::try_from(pkcs1).map_err(|_| KeyError::Missing)?;
        if key.other_prime_infos.is_some() {
            return Err(KeyError::Unsupported);
        }
        let own = Self::from_primes(
            key.prime1.as_bytes(),
            key.prime2.as_bytes(),
            key.public_exponent.as_bytes(),
        )?;
        if own.modulus == key.modulus.as_bytes() {
            Ok(own)
        } else {
            Err(KeyError::Missing)
        }
    }

    /// PSS (RFC 8017 §9.1) over a digest, with the same hash in the mask and a salt of its length.
    pub(super) fn sign_pss(&self, mode: SignMode, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        let hash = Hash::of_pss(mode)?;
        if digest.len() != hash.length() {
            return Err(KeyError::DigestSize);
        }
        let known = hash
            .algorithm()
            .and_then(|algorithm| PADDED.iter().find(|padded| padded.digest == algorithm));
        if let (Some(pair), Some(padded)) = (&self.pair, known) {
            return with_pair(pair, padded.pss, padded.digest, digest);
        }
        self.operation
            .apply(&padding::pss(hash, digest, self.operation.bits())?)
    }

    /// Decrypts what is exactly as long as the modulus, and below it.
    ///
    /// Every failure is the same, but that there was one can be seen, as on the device: whoever may
    /// ask for decryption with PKCS #1 v1.5 may have any message of this key.
    pub(super) fn decrypt(
        &self,
        mode: DecryptMode,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        if encrypted.len() != self.modulus.len() || encrypted >= self.modulus.as_slice() {
            return Err(KeyError::Decryption);
        }
        if let (Some(key), Some(unpadding)) = (self.decrypting()?, Unpadding::of(mode)) {
            return unpadding.decrypt(key, encrypted);
        }
        let block = Zeroizing::new(self.operation.apply(encrypted)?);
        match (mode, Hash::of_oaep(mode)) {
            (DecryptMode::Raw, _) => Ok(block),
            (DecryptMode::Pkcs1, _) => unpadding::pkcs1(&block),
            (_, Some(hash)) => unpadding::oaep(hash, &block),
            _ => Err(KeyError::Decryption),
        }
    }

    /// AWS-LC's decrypting key, made when it is first needed; nothing for keys below 2048 bits.
    fn decrypting(&self) -> Result<Option<&PrivateDecryptingKey>, KeyError> {
        if self.pair.is_none() {
            return Ok(None);
        }
        if let Some(key) = self.decrypting.get() {
            return Ok(Some(key));
        }
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8).map_err(|_| KeyError::Failed)?;
        Ok(Some(self.decrypting.get_or_init(|| key)))
    }
}

/// What AWS-LC takes off itself.
enum Unpadding {
    Pkcs1,
    Oaep(&'static OaepAlgorithm),
}

impl Unpadding {
    fn of(mode: DecryptMode) -> Option<Self> {
        Some(match mode {
            DecryptMode::Pkcs1 => Self::Pkcs1,
            DecryptMode::OaepSha1 => Self::Oaep(&OAEP_SHA1_MGF1SHA1),
            DecryptMode::OaepSha256 => Self::Oaep(&OAEP_SHA256_MGF1SHA256),
            DecryptMode::OaepSha384 => Self::Oaep(&OAEP_SHA384_MGF1SHA384),
            DecryptMode::OaepSha512 => Self::Oaep(&OAEP_SHA512_MGF1SHA512),
            _ => return None,
        })
    }

    fn decrypt(
        &self,
        key: &PrivateDecryptingKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Decryption;
        let mut plain = Zeroizing::new(vec![0; key.key_size_bytes()]);
        let length = match self {
            Self::Pkcs1 => Pkcs1PrivateDecryptingKey::new(key.clone())
                .map_err(failed)?
                .decrypt(encrypted, &mut plain)
                .map_err(failed)?
                .len(),
            Self::Oaep(algorithm) => OaepPrivateDecryptingKey::new(key.clone())
                .map_err(failed)?
                .decrypt(algorithm, encrypted, &mut plain, None)
                .map_err(failed)?
                .len(),
        };
        plain.truncate(length);
        Ok(plain)
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
