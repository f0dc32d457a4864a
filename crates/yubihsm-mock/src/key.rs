//! Private keys, and what is signed with them.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    digest::{self, Digest},
    encoding::{AsDer, Pkcs8V1Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use signstar_hsm::yubihsm2::command::Algorithm;

/// A kind of key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
}

/// A text that names no kind of key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a kind of key is one of ed25519, ecp256, ecp384, ecp521, rsa2048, rsa3072, rsa4096")]
pub struct UnknownKind;

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Ed25519,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// Its name, as `yubihsm-shell` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "ecp256",
            Self::P384 => "ecp384",
            Self::P521 => "ecp521",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
        }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::ED25519,
            Self::P256 => Algorithm::P256,
            Self::P384 => Algorithm::P384,
            Self::P521 => Algorithm::P521,
            Self::Rsa2048 => Algorithm::RSA_2048,
            Self::Rsa3072 => Algorithm::RSA_3072,
            Self::Rsa4096 => Algorithm::RSA_4096,
        }
    }

    /// The kind with this algorithm.
    pub(crate) fn of_algorithm(algorithm: Algorithm) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.algorithm() == algorithm)
    }

    /// Makes a key: PKCS#8, DER.
    pub(crate) fn generate(self) -> Result<Vec<u8>, Unspecified> {
        let of_rsa = |size| {
            let pair = RsaKeyPair::generate(size)?;
            let der: Pkcs8V1Der<'_> = pair.as_der()?;
            Ok(der.as_ref().to_vec())
        };
        match self {
            Self::Ed25519 => {
                let random = SystemRandom::new();
                Ok(Ed25519KeyPair::generate_pkcs8(&random)?.as_ref().to_vec())
            }
            Self::P256 | Self::P384 | Self::P521 => {
                let (curve, _) = self.curve().ok_or(Unspecified)?;
                let random = SystemRandom::new();
                let made = EcdsaKeyPair::generate_pkcs8(curve, &random)?;
                Ok(made.as_ref().to_vec())
            }
            Self::Rsa2048 => of_rsa(KeySize::Rsa2048),
            Self::Rsa3072 => of_rsa(KeySize::Rsa3072),
            Self::Rsa4096 => of_rsa(KeySize::Rsa4096),
        }
    }

    /// The curve of ECDSA, and the digest that fits it.
    fn curve(self) -> Option<(&'static EcdsaSigningAlgorithm, &'static digest::Algorithm)> {
        match self {
            Self::P256 => Some((&ECDSA_P256_SHA256_ASN1_SIGNING, &digest::SHA256)),
            Self::P384 => Some((&ECDSA_P384_SHA384_ASN1_SIGNING, &digest::SHA384)),
            Self::P521 => Some((&ECDSA_P521_SHA512_ASN1_SIGNING, &digest::SHA512)),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// A private key, ready to be used.
pub(crate) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair, &'static digest::Algorithm),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// Reads a key of this kind from PKCS#8, DER.
    pub(crate) fn read(kind: Kind, pkcs8: &[u8]) -> Option<Self> {
        Some(match kind.curve() {
            Some((curve, digest)) => {
                Self::Ecdsa(EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok()?, digest)
            }
            None if kind == Kind::Ed25519 => Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).ok()?),
            None => Self::Rsa(RsaKeyPair::from_pkcs8(pkcs8).ok()?),
        })
    }

    /// The public half as the device shows it.
    pub(crate) fn public(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            // Without what says that the point is not compressed.
            Self::Ecdsa(pair, _) => pair.public_key().as_ref().iter().skip(1).copied().collect(),
            Self::Rsa(pair) => {
                // `RSAPublicKey` in DER: two headers of four octets, and a zero before the modulus.
                let modulus = 9..9 + pair.public_modulus_len();
                pair.public_key()
                    .as_ref()
                    .get(modulus)
                    .unwrap_or_default()
                    .to_vec()
            }
        }
    }

    pub(crate) fn sign_eddsa(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            _ => None,
        }
    }

    pub(crate) fn sign_ecdsa(&self, octets: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ecdsa(pair, algorithm) => {
                let digest = Digest::import_less_safe(octets, algorithm).ok()?;
                Some(pair.sign_digest(&digest).ok()?.as_ref().to_vec())
            }
            _ => None,
        }
    }

    pub(crate) fn sign_pkcs1(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let (encoding, algorithm): (&dyn RsaEncoding, _) = match octets.len() {
            32 => (&RSA_PKCS1_SHA256, &digest::SHA256),
            48 => (&RSA_PKCS1_SHA384, &digest::SHA384),
            64 => (&RSA_PKCS1_SHA512, &digest::SHA512),
            _ => return None,
        };
        self.sign_rsa(encoding, algorithm, octets)
    }

    /// Signs with a mask of the same hash and a salt as long as the digest.
    pub(crate) fn sign_pss(&self, mask: Algorithm, salt: u16, octets: &[u8]) -> Option<Vec<u8>> {
        let (encoding, algorithm): (&dyn RsaEncoding, _) = match (mask, salt, octets.len()) {
            (Algorithm::MASK_SHA256, 32, 32) => (&RSA_PSS_SHA256, &digest::SHA256),
            (Algorithm::MASK_SHA512, 64, 64) => (&RSA_PSS_SHA512, &digest::SHA512),
            _ => return None,
        };
        self.sign_rsa(encoding, algorithm, octets)
    }

    fn sign_rsa(
        &self,
        encoding: &'static dyn RsaEncoding,
        algorithm: &'static digest::Algorithm,
        octets: &[u8],
    ) -> Option<Vec<u8>> {
        let Self::Rsa(pair) = self else { return None };
        let digest = Digest::import_less_safe(octets, algorithm).ok()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        let signed = pair.sign_digest(encoding, &digest, &mut signature);
        signed.ok().map(|()| signature)
    }
}
