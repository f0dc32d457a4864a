//! Kinds of keys, and what they can be used for.

use std::ops::RangeInclusive;

use crate::names::names;

/// How many bits an RSA key that the device makes may have.
pub const RSA_LENGTHS: RangeInclusive<u32> = 1024..=8192;
/// How many bits a symmetric key that the device makes may have.
pub const GENERIC_LENGTHS: RangeInclusive<u32> = 128..=8192;

names! {
    /// What kind of key.
    pub enum KeyType {
        /// RSA, of [`RSA_LENGTHS`].
        Rsa = "RSA",
        /// Ed25519.
        Curve25519 = "Curve25519",
        /// NIST P-256.
        EcP256 = "EC_P256",
        /// NIST P-384.
        EcP384 = "EC_P384",
        /// NIST P-521.
        EcP521 = "EC_P521",
        /// secp256k1.
        EcP256K1 = "EC_P256K1",
        /// brainpoolP256r1.
        BrainpoolP256 = "BrainpoolP256",
        /// brainpoolP384r1.
        BrainpoolP384 = "BrainpoolP384",
        /// brainpoolP512r1.
        BrainpoolP512 = "BrainpoolP512",
        /// A symmetric key, of [`GENERIC_LENGTHS`].
        Generic = "Generic",
    }
}

names! {
    /// What kind of key for the TLS certificate of the device.
    pub enum TlsKeyType {
        /// RSA, of [`RSA_LENGTHS`].
        Rsa = "RSA",
        /// Ed25519.
        Curve25519 = "Curve25519",
        /// NIST P-256.
        EcP256 = "EC_P256",
        /// NIST P-384.
        EcP384 = "EC_P384",
        /// NIST P-521.
        EcP521 = "EC_P521",
        /// brainpoolP256r1.
        BrainpoolP256 = "BrainpoolP256",
        /// brainpoolP384r1.
        BrainpoolP384 = "BrainpoolP384",
        /// brainpoolP512r1.
        BrainpoolP512 = "BrainpoolP512",
    }
}

names! {
    /// One thing a key may be used for.
    pub enum KeyMechanism {
        /// RSA decryption without padding.
        RsaDecryptionRaw = "RSA_Decryption_RAW",
        /// RSA decryption, PKCS #1 v1.5.
        RsaDecryptionPkcs1 = "RSA_Decryption_PKCS1",
        /// RSA decryption, OAEP with MD5.
        RsaDecryptionOaepMd5 = "RSA_Decryption_OAEP_MD5",
        /// RSA decryption, OAEP with SHA-1.
        RsaDecryptionOaepSha1 = "RSA_Decryption_OAEP_SHA1",
        /// RSA decryption, OAEP with SHA-224.
        RsaDecryptionOaepSha224 = "RSA_Decryption_OAEP_SHA224",
        /// RSA decryption, OAEP with SHA-256.
        RsaDecryptionOaepSha256 = "RSA_Decryption_OAEP_SHA256",
        /// RSA decryption, OAEP with SHA-384.
        RsaDecryptionOaepSha384 = "RSA_Decryption_OAEP_SHA384",
        /// RSA decryption, OAEP with SHA-512.
        RsaDecryptionOaepSha512 = "RSA_Decryption_OAEP_SHA512",
        /// RSA signature, PKCS #1 v1.5.
        RsaSignaturePkcs1 = "RSA_Signature_PKCS1",
        /// RSA signature, PSS with MD5.
        RsaSignaturePssMd5 = "RSA_Signature_PSS_MD5",
        /// RSA signature, PSS with SHA-1.
        RsaSignaturePssSha1 = "RSA_Signature_PSS_SHA1",
        /// RSA signature, PSS with SHA-224.
        RsaSignaturePssSha224 = "RSA_Signature_PSS_SHA224",
        /// RSA signature, PSS with SHA-256.
        RsaSignaturePssSha256 = "RSA_Signature_PSS_SHA256",
        /// RSA signature, PSS with SHA-384.
        RsaSignaturePssSha384 = "RSA_Signature_PSS_SHA384",
        /// RSA signature, PSS with SHA-512.
        RsaSignaturePssSha512 = "RSA_Signature_PSS_SHA512",
        /// Ed25519 signature.
        EdDsaSignature = "EdDSA_Signature",
        /// ECDSA signature.
        EcdsaSignature = "ECDSA_Signature",
        /// Schnorr signature of BIP 340.
        Bip340Signature = "BIP340_Signature",
        /// AES-CBC encryption.
        AesEncryptionCbc = "AES_Encryption_CBC",
        /// AES-CBC decryption.
        AesDecryptionCbc = "AES_Decryption_CBC",
    }
}

names! {
    /// How to sign, which also says what [`SignRequest::message`](super::SignRequest::message) is.
    pub enum SignMode {
        /// RSA, PKCS #1 v1.5 around the given bytes (at most key length - 11). The device
        /// does **not** add a `DigestInfo`: send it, DER, with the digest in it.
        Pkcs1 = "PKCS1",
        /// RSA, PSS around an MD5 digest.
        PssMd5 = "PSS_MD5",
        /// RSA, PSS around a SHA-1 digest.
        PssSha1 = "PSS_SHA1",
        /// RSA, PSS around a SHA-224 digest.
        PssSha224 = "PSS_SHA224",
        /// RSA, PSS around a SHA-256 digest.
        PssSha256 = "PSS_SHA256",
        /// RSA, PSS around a SHA-384 digest.
        PssSha384 = "PSS_SHA384",
        /// RSA, PSS around a SHA-512 digest.
        PssSha512 = "PSS_SHA512",
        /// Ed25519 over the message itself; the signature is 64 bytes, R‖S.
        EdDsa = "EdDSA",
        /// ECDSA over a digest of exactly 32, 48 or 64 bytes, by curve; the signature is DER.
        Ecdsa = "ECDSA",
        /// BIP 340 over the message itself; the signature is 64 bytes.
        Bip340 = "BIP340",
    }
}

names! {
    /// How to encrypt.
    pub enum EncryptMode {
        /// AES-CBC with a Generic key, without padding: messages are whole blocks of 16 bytes.
        AesCbc = "AES_CBC",
    }
}

names! {
    /// How to decrypt.
    pub enum DecryptMode {
        /// RSA without padding: as many bytes in and out as the key has.
        Raw = "RAW",
        /// RSA, PKCS #1 v1.5.
        Pkcs1 = "PKCS1",
        /// RSA, OAEP with MD5.
        OaepMd5 = "OAEP_MD5",
        /// RSA, OAEP with SHA-1.
        OaepSha1 = "OAEP_SHA1",
        /// RSA, OAEP with SHA-224.
        OaepSha224 = "OAEP_SHA224",
        /// RSA, OAEP with SHA-256.
        OaepSha256 = "OAEP_SHA256",
        /// RSA, OAEP with SHA-384.
        OaepSha384 = "OAEP_SHA384",
        /// RSA, OAEP with SHA-512.
        OaepSha512 = "OAEP_SHA512",
        /// AES-CBC with a Generic key, without padding; needs an initialisation vector.
        AesCbc = "AES_CBC",
    }
}

impl EncryptMode {
    /// What the key must be made for to encrypt like this.
    pub const fn mechanism(self) -> KeyMechanism {
        match self {
            Self::AesCbc => KeyMechanism::AesEncryptionCbc,
        }
    }
}

impl DecryptMode {
    /// What the key must be made for to decrypt like this.
    pub const fn mechanism(self) -> KeyMechanism {
        match self {
            Self::Raw => KeyMechanism::RsaDecryptionRaw,
            Self::Pkcs1 => KeyMechanism::RsaDecryptionPkcs1,
            Self::OaepMd5 => KeyMechanism::RsaDecryptionOaepMd5,
            Self::OaepSha1 => KeyMechanism::RsaDecryptionOaepSha1,
            Self::OaepSha224 => KeyMechanism::RsaDecryptionOaepSha224,
            Self::OaepSha256 => KeyMechanism::RsaDecryptionOaepSha256,
            Self::OaepSha384 => KeyMechanism::RsaDecryptionOaepSha384,
            Self::OaepSha512 => KeyMechanism::RsaDecryptionOaepSha512,
            Self::AesCbc => KeyMechanism::AesDecryptionCbc,
        }
    }
}

impl SignMode {
    /// What the key must be made for to sign like this.
    pub const fn mechanism(self) -> KeyMechanism {
        match self {
            Self::Pkcs1 => KeyMechanism::RsaSignaturePkcs1,
            Self::PssMd5 => KeyMechanism::RsaSignaturePssMd5,
            Self::PssSha1 => KeyMechanism::RsaSignaturePssSha1,
            Self::PssSha224 => KeyMechanism::RsaSignaturePssSha224,
            Self::PssSha256 => KeyMechanism::RsaSignaturePssSha256,
            Self::PssSha384 => KeyMechanism::RsaSignaturePssSha384,
            Self::PssSha512 => KeyMechanism::RsaSignaturePssSha512,
            Self::EdDsa => KeyMechanism::EdDsaSignature,
            Self::Ecdsa => KeyMechanism::EcdsaSignature,
            Self::Bip340 => KeyMechanism::Bip340Signature,
        }
    }
}

impl KeyMechanism {
    /// Whether keys of this type can be generated for this mechanism. Imports are not checked
    /// against this by the device.
    pub const fn fits(self, key_type: KeyType) -> bool {
        match self {
            Self::EdDsaSignature => matches!(key_type, KeyType::Curve25519),
            Self::EcdsaSignature => !matches!(
                key_type,
                KeyType::Rsa | KeyType::Curve25519 | KeyType::Generic
            ),
            Self::Bip340Signature => matches!(key_type, KeyType::EcP256K1),
            Self::AesEncryptionCbc | Self::AesDecryptionCbc => matches!(key_type, KeyType::Generic),
            _ => matches!(key_type, KeyType::Rsa),
        }
    }
}
