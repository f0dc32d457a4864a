//! A key in memory, behind the same door as one in an HSM.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    digest::{self, Digest},
    rsa::{self, KeySize},
    signature::{
        self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    },
};
use signstar::sign::{Message, PublicKey, Signer, SignerError};

/// A key in memory. Clones share it.
#[derive(Clone)]
pub(crate) struct Software(Arc<Key>);

enum Key {
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    P521(EcdsaKeyPair),
}

impl Software {
    pub(crate) fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        Self(Arc::new(Key::Ed25519(key)))
    }

    /// One key of every kind, with its name.
    pub(crate) fn all() -> [(&'static str, Self); 7] {
        let rsa = |size| {
            Self(Arc::new(Key::Rsa(
                rsa::KeyPair::generate(size).expect("a key"),
            )))
        };
        let ecdsa = |algorithm| EcdsaKeyPair::generate(algorithm).expect("a key");
        let p256 = Key::P256(ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING));
        let p384 = Key::P384(ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING));
        let p521 = Key::P521(ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING));
        [
            ("Ed25519", Self::ed25519()),
            ("RSA 2048", rsa(KeySize::Rsa2048)),
            ("RSA 3072", rsa(KeySize::Rsa3072)),
            ("RSA 4096", rsa(KeySize::Rsa4096)),
            ("P-256", Self(Arc::new(p256))),
            ("P-384", Self(Arc::new(p384))),
            ("P-521", Self(Arc::new(p521))),
        ]
    }

    pub(crate) fn public(&self) -> PublicKey {
        let octets = |octets: &dyn AsRef<[u8]>| octets.as_ref().to_vec();
        match &*self.0 {
            Key::Ed25519(key) => PublicKey::Ed25519(octets(key.public_key())),
            Key::Rsa(key) => PublicKey::Rsa {
                modulus: key
                    .public_key()
                    .modulus()
                    .big_endian_without_leading_zero()
                    .to_vec(),
                exponent: key
                    .public_key()
                    .exponent()
                    .big_endian_without_leading_zero()
                    .to_vec(),
            },
            Key::P256(key) => PublicKey::P256(octets(key.public_key())),
            Key::P384(key) => PublicKey::P384(octets(key.public_key())),
            Key::P521(key) => PublicKey::P521(octets(key.public_key())),
        }
    }
}

impl fmt::Debug for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Software").finish_non_exhaustive()
    }
}

impl Signer for Software {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        match (&*self.0, message) {
            (Key::Ed25519(key), Message::Ed25519(message)) => {
                Ok(key.sign(message).as_ref().to_vec())
            }
            (Key::Rsa(key), Message::RsaPkcs1(info)) => Ok(rsa(key, info)),
            (Key::Rsa(key), Message::RsaPss(digest)) => Ok(rsa_pss(key, digest)),
            (Key::P256(key), Message::Ecdsa(octets)) => Ok(ecdsa(key, octets, &digest::SHA256)),
            (Key::P384(key), Message::Ecdsa(octets)) => Ok(ecdsa(key, octets, &digest::SHA384)),
            (Key::P521(key), Message::Ecdsa(octets)) => Ok(ecdsa(key, octets, &digest::SHA512)),
            (_, other) => Err(SignerError::Denied(format!("{other:?}").into())),
        }
    }
}

/// Signs a `DigestInfo`.
fn rsa(key: &rsa::KeyPair, info: &[u8]) -> Vec<u8> {
    // RFC 8017 §9.2, note 1.
    let (head, octets) = info.split_at(19);
    match &*hex::encode(head) {
        "3051300d060960864801650304020305000440" => {
            let digest = imported(octets, &digest::SHA512);
            rsa_raw(key, &signature::RSA_PKCS1_SHA512, &digest)
        }
        "3031300d060960864801650304020105000420" => {
            let digest = imported(octets, &digest::SHA256);
            rsa_raw(key, &signature::RSA_PKCS1_SHA256, &digest)
        }
        other => panic!("no DigestInfo: {other}"),
    }
}

fn rsa_pss(key: &rsa::KeyPair, to_sign: &signstar::request::Digest) -> Vec<u8> {
    use signstar::request::Digest::{Sha256, Sha512};
    let octets = to_sign.as_octets();
    match to_sign {
        Sha256(_) => {
            let digest = imported(octets, &digest::SHA256);
            rsa_raw(key, &signature::RSA_PSS_SHA256, &digest)
        }
        Sha512(_) => {
            let digest = imported(octets, &digest::SHA512);
            rsa_raw(key, &signature::RSA_PSS_SHA512, &digest)
        }
    }
}

fn rsa_raw(
    key: &rsa::KeyPair,
    encoding: &'static dyn signature::RsaEncoding,
    digest: &Digest,
) -> Vec<u8> {
    let mut raw = vec![0; key.public_modulus_len()];
    key.sign_digest(encoding, digest, &mut raw)
        .expect("a signature");
    raw
}

fn ecdsa(key: &EcdsaKeyPair, octets: &[u8], algorithm: &'static digest::Algorithm) -> Vec<u8> {
    let digest = imported(octets, algorithm);
    key.sign_digest(&digest)
        .expect("a signature")
        .as_ref()
        .to_vec()
}

/// Fails unless `octets` are as long as a digest of `algorithm`.
fn imported(octets: &[u8], algorithm: &'static digest::Algorithm) -> Digest {
    Digest::import_less_safe(octets, algorithm).expect("as long as the curve")
}
