//! A key in a NetHSM, in hardware or in software.

use nethsm::{
    client::{Client, Error},
    id::KeyId,
    key::{KeyType, PublicKeyData, SignMode, SignRequest},
};
use signstar::{
    request::Digest,
    sign::{Message, PublicKey, Signer, SignerError},
};

/// A key in one device, and the operator that may use it.
#[derive(Clone, Debug)]
pub struct NetHsmKey {
    operator: Client,
    id: KeyId,
}

impl NetHsmKey {
    /// A key that `operator` uses.
    pub fn new(operator: Client, id: KeyId) -> Self {
        Self { operator, id }
    }
}

impl Signer for NetHsmKey {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let question = question(message);
        let sign = || self.operator.sign(&self.id, &question);
        match sign() {
            // A device may close an idle connection at the moment at which it is used again.
            Err(Error::Unreachable { .. }) => sign(),
            answered => answered,
        }
        .map_err(kind)
    }
}

/// A message as a device wants to be asked.
pub(crate) fn question(message: &Message) -> SignRequest {
    let (mode, octets) = match message {
        Message::RsaPkcs1(digest_info) => (SignMode::Pkcs1, &digest_info[..]),
        Message::RsaPss(Digest::Sha256(digest)) => (SignMode::PssSha256, &digest[..]),
        Message::RsaPss(Digest::Sha512(digest)) => (SignMode::PssSha512, &digest[..]),
        Message::Ecdsa(digest) => (SignMode::Ecdsa, &digest[..]),
        Message::Ed25519(message) => (SignMode::EdDsa, &message[..]),
    };
    SignRequest {
        mode,
        message: octets.to_vec().into(),
    }
}

/// What the error of a device means for the path of a signature.
pub(crate) fn kind(error: Error) -> SignerError {
    match error {
        Error::Protocol { .. } => SignerError::Nonsense(Box::new(error)),
        Error::WrongState => SignerError::Unavailable(Box::new(error)),
        error if error.is_retryable() => SignerError::Unavailable(Box::new(error)),
        // Who cannot prove to be the device is as good as absent.
        Error::Tls { .. } => SignerError::Unavailable(Box::new(error)),
        error => SignerError::Denied(Box::new(error)),
    }
}

/// The public half of a key as the device shows it, if signatures over data can be made with it.
pub fn public_key(key: nethsm::key::PublicKey) -> Option<PublicKey> {
    match (key.key_type, key.public?) {
        (
            KeyType::Rsa,
            PublicKeyData::Rsa {
                modulus,
                public_exponent,
            },
        ) => Some(PublicKey::Rsa {
            modulus: modulus.0,
            exponent: public_exponent.0,
        }),
        (KeyType::Curve25519, PublicKeyData::Point { data }) => Some(PublicKey::Ed25519(data.0)),
        (KeyType::EcP256, PublicKeyData::Point { data }) => Some(PublicKey::P256(data.0)),
        (KeyType::EcP384, PublicKeyData::Point { data }) => Some(PublicKey::P384(data.0)),
        (KeyType::EcP521, PublicKeyData::Point { data }) => Some(PublicKey::P521(data.0)),
        _ => None,
    }
}
