//! Public keys as others write them: PEM `PUBLIC KEY`.

use data_encoding::BASE64;
use der::{
    Decode, Encode, Sequence,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef},
};
use sha2::{Digest as _, Sha256};

use super::{InvalidPublicKey, PublicKey};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// The longest PEM that is read, in octets (16 KiB). RSA 4096 has about 800.
const MAX_OCTETS: usize = 16 << 10;

/// RFC 5280 §4.1.
#[derive(Sequence)]
struct SubjectPublicKeyInfo<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    subject_public_key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct AlgorithmIdentifier<'a> {
    algorithm: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

/// RFC 8017 §A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads a PEM `PUBLIC KEY` (RFC 7468 §13): what `openssl pkey -pubout` and a NetHSM write.
    ///
    /// Fails on more than one block, on text around it, and on a key of a kind or length that
    /// does not sign here.
    pub fn from_pem(text: &str) -> Result<Self, InvalidPublicKey> {
        let body = Some(text.trim())
            .filter(|text| text.len() <= MAX_OCTETS)
            .and_then(|text| text.strip_prefix(BEGIN)?.strip_suffix(END))
            .ok_or(InvalidPublicKey::Encoding("not one PEM block PUBLIC KEY"))?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = BASE64
            .decode(body.as_bytes())
            .map_err(|_| InvalidPublicKey::Encoding("not base64"))?;
        Self::from_spki(&der)
    }

    /// The key as PEM `PUBLIC KEY`, as `openssl` reads it.
    ///
    /// Fails on numbers and points that are none.
    pub fn to_pem(&self) -> Result<String, InvalidPublicKey> {
        let base64 = BASE64.encode(&self.to_spki()?);
        let mut text = format!("{BEGIN}\n");
        for (index, c) in base64.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                text.push('\n');
            }
            text.push(c);
        }
        Ok(format!("{text}\n{END}\n"))
    }

    /// The SHA-256 of the key as DER `SubjectPublicKeyInfo`, in 64 hexadecimal digits in lower
    /// case: how keys without a certificate are told apart.
    ///
    /// Fails on numbers and points that are none.
    pub fn fingerprint(&self) -> Result<String, InvalidPublicKey> {
        Ok(hex::encode(Sha256::digest(self.to_spki()?)))
    }

    fn to_spki(&self) -> Result<Vec<u8>, InvalidPublicKey> {
        self.check()?;
        let no_der = |_| InvalidPublicKey::Encoding("not numbers");
        let numbers = self.to_pkcs1();
        let null = AnyRef::from_der(&[0x05, 0x00]).map_err(no_der)?;
        let curve = |curve: &'static ObjectIdentifier| Some(AnyRef::from(curve));
        let (algorithm, parameters, key) = match self {
            Self::Rsa { .. } => (RSA, Some(null), numbers.as_deref().unwrap_or_default()),
            Self::P256(point) => (EC, curve(&P256), &**point),
            Self::P384(point) => (EC, curve(&P384), &**point),
            Self::P521(point) => (EC, curve(&P521), &**point),
            Self::Ed25519(key) => (ED25519, None, &**key),
        };
        let info = SubjectPublicKeyInfo {
            algorithm: AlgorithmIdentifier {
                algorithm,
                parameters,
            },
            subject_public_key: BitStringRef::from_bytes(key).map_err(no_der)?,
        };
        info.to_der().map_err(no_der)
    }

    /// Reads a DER `SubjectPublicKeyInfo`.
    fn from_spki(octets: &[u8]) -> Result<Self, InvalidPublicKey> {
        let not_der = |_| InvalidPublicKey::Encoding("not a SubjectPublicKeyInfo");
        let info = SubjectPublicKeyInfo::from_der(octets).map_err(not_der)?;
        let key = (info.subject_public_key.as_bytes())
            .ok_or(InvalidPublicKey::Encoding("not whole octets"))?;
        let curve = || {
            let parameters = info.algorithm.parameters?;
            parameters.decode_as::<ObjectIdentifier>().ok()
        };
        let key = match info.algorithm.algorithm {
            RSA => {
                let RsaPublicKey { modulus, exponent } =
                    RsaPublicKey::from_der(key).map_err(not_der)?;
                Self::Rsa {
                    modulus: modulus.as_bytes().to_vec(),
                    exponent: exponent.as_bytes().to_vec(),
                }
            }
            ED25519 => Self::Ed25519(key.to_vec()),
            EC => match curve() {
                Some(P256) => Self::P256(key.to_vec()),
                Some(P384) => Self::P384(key.to_vec()),
                Some(P521) => Self::P521(key.to_vec()),
                _ => return Err(InvalidPublicKey::Encoding("another curve")),
            },
            _ => return Err(InvalidPublicKey::Encoding("another algorithm")),
        };
        key.check()?;
        Ok(key)
    }

    /// The DER `RSAPublicKey` of an RSA key.
    pub(super) fn to_pkcs1(&self) -> Option<Vec<u8>> {
        let Self::Rsa { modulus, exponent } = self else {
            return None;
        };
        let key = RsaPublicKey {
            modulus: UintRef::new(modulus).ok()?,
            exponent: UintRef::new(exponent).ok()?,
        };
        key.to_der().ok()
    }

    /// Fails unless numbers and points are what they have to be.
    pub(super) fn check(&self) -> Result<(), InvalidPublicKey> {
        let epoch = std::time::SystemTime::UNIX_EPOCH;
        let created = pgp::types::Timestamp::try_from(epoch)
            .map_err(|_| InvalidPublicKey::Encoding("no time"))?;
        self.to_packet(created).map(|_| ())
    }
}
