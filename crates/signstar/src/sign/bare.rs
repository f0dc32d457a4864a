//! A signature with nothing around it, over a digest.

use data_encoding::BASE64;

use super::{DoesNotVerify, Message, PublicKey, Signer, SignerError, raw};
use crate::{config::Mechanism, request::Digest};

/// The longest raw signature, in octets: RSA 4096.
const MAX_OCTETS: usize = 512;

/// A signature as the mechanism of its key has it: RSA as long as the modulus, ECDSA in DER,
/// Ed25519 of 64 octets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawSignature(Vec<u8>);

/// What `key` signs for `digest`; nothing if it is not a key for `mechanism`.
pub(super) fn message(key: &PublicKey, mechanism: Mechanism, digest: &Digest) -> Option<Message> {
    match (key, mechanism) {
        (PublicKey::Rsa { .. }, Mechanism::Pkcs1) => {
            Some(Message::RsaPkcs1(raw::digest_info(digest)))
        }
        (PublicKey::Rsa { .. }, Mechanism::Pss) => Some(Message::RsaPss(*digest)),
        (PublicKey::Ed25519(_), Mechanism::Ed25519) => {
            Some(Message::Ed25519(digest.as_octets().to_vec()))
        }
        (key, Mechanism::Ecdsa) => {
            let octets = key.ecdsa_octets()?;
            Some(Message::Ecdsa(raw::fitted(digest.as_octets(), octets)))
        }
        _ => None,
    }
}

impl Mechanism {
    /// Whether `key` is of the kind that signs in this way.
    pub fn is_for(self, key: &PublicKey) -> bool {
        message(key, self, &Digest::Sha256([0; 32])).is_some()
    }
}

impl RawSignature {
    /// Has `signer` sign `digest`.
    pub(super) fn make(
        key: &PublicKey,
        mechanism: Mechanism,
        digest: &Digest,
        signer: &dyn Signer,
    ) -> Result<(Message, Self), SignerError> {
        let message = message(key, mechanism, digest)
            .ok_or_else(|| SignerError::Denied("not a key for this mechanism".into()))?;
        let raw = signer.sign(&message)?;
        Ok((message, Self(raw)))
    }

    /// Takes base64 (RFC 4648 §4, padded) of 1 to 512 octets.
    pub fn from_base64(text: &str) -> Result<Self, DoesNotVerify> {
        BASE64
            .decode(text.as_bytes())
            .ok()
            .and_then(|octets| Self::from_octets(&octets).ok())
            .ok_or_else(|| DoesNotVerify::Malformed("not base64 of 1 to 512 octets".to_owned()))
    }

    /// Takes 1 to 512 octets.
    pub fn from_octets(octets: &[u8]) -> Result<Self, DoesNotVerify> {
        if (1..=MAX_OCTETS).contains(&octets.len()) {
            Ok(Self(octets.to_vec()))
        } else {
            Err(DoesNotVerify::Malformed("not 1 to 512 octets".to_owned()))
        }
    }

    /// The signature in base64, padded.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// The octets of the signature.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Checks that the private half of `key` made this over `digest` in the way of `mechanism`.
    pub fn verify(
        &self,
        key: &PublicKey,
        mechanism: Mechanism,
        digest: &Digest,
    ) -> Result<(), DoesNotVerify> {
        let message = message(key, mechanism, digest).ok_or(DoesNotVerify::Unsupported)?;
        key.verify(&message, &self.0).map_err(DoesNotVerify::Raw)
    }
}
