//! A key in a NetHSM, in hardware or in software.

use std::{str::FromStr, time::Duration};

use nethsm::{
    client::{Client, Error, Options, Tls, Url},
    id::KeyId,
    key::{KeyType, PublicKeyData, SignMode, SignRequest},
    passphrase::Credentials,
};
use signstar::{
    config::{Credential, Key, NetHsm},
    request::Digest,
    sign::{Message, PublicKey, Signer, SignerError},
};

use crate::{OpenError, credential};

/// A key, and the operator that may use it.
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

    /// Opens `key` in the first device of `hsm`.
    pub(crate) fn open(key: &Key, hsm: &NetHsm) -> Result<Self, OpenError> {
        let Credential::File(path) = &key.passphrase;
        let passphrase = credential::passphrase(path).map_err(|source| OpenError::Credential {
            path: path.clone(),
            source,
        })?;
        let options = Options {
            timeout: Duration::from_secs(hsm.timeout_seconds().get().into()),
            ..Options::default()
        };
        let [device, ..] = hsm.devices() else {
            return Err(OpenError::Value {
                value: "devices".to_owned(),
                source: "at least one is expected".into(),
            });
        };
        let url: Url = value(&device.url)?;
        let tls: Tls = value(&device.tls)?;
        let device = Client::with_options(&url, &tls, &options).map_err(OpenError::Tls)?;
        let operator = device.as_user(Credentials::new(value(&key.operator)?, passphrase));
        Ok(Self::new(operator, value(&key.id)?))
    }
}

fn value<T>(text: &str) -> Result<T, OpenError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|source: T::Err| OpenError::Value {
        value: text.to_owned(),
        source: Box::new(source),
    })
}

impl Signer for NetHsmKey {
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError> {
        let (mode, octets) = match message {
            Message::RsaPkcs1(digest_info) => (SignMode::Pkcs1, &digest_info[..]),
            Message::RsaPss(Digest::Sha256(digest)) => (SignMode::PssSha256, &digest[..]),
            Message::RsaPss(Digest::Sha512(digest)) => (SignMode::PssSha512, &digest[..]),
            Message::Ecdsa(digest) => (SignMode::Ecdsa, &digest[..]),
            Message::Ed25519(message) => (SignMode::EdDsa, &message[..]),
        };
        let question = SignRequest {
            mode,
            message: octets.to_vec().into(),
        };
        let sign = || self.operator.sign(&self.id, &question);
        match sign() {
            // A device may close an idle connection at the moment at which it is used again.
            Err(Error::Unreachable { .. }) => sign(),
            answered => answered,
        }
        .map_err(kind)
    }
}

/// What the error of a device means for the path of a signature.
fn kind(error: Error) -> SignerError {
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
