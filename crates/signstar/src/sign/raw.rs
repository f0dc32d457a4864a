//! What an HSM is asked to do, and what it answers.

use std::{error::Error, fmt};

use der::{Decode, Encode, Sequence, asn1::UintRef};
use pgp::{
    crypto::{hash::HashAlgorithm, public_key::PublicKeyAlgorithm},
    errors::Error as PgpError,
    packet,
    types::{
        EcdsaPublicParams, EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyId, KeyVersion,
        Mpi, Password, PublicParams, SignatureBytes, Timestamp,
    },
};

use super::{Certificate, NotByThisKey, PublicKey};
use crate::request::Digest;

/// `DigestInfo` of a SHA-512 up to the digest itself (RFC 8017 §9.2, note 1).
pub(super) const DIGEST_INFO_SHA512: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
    0x00, 0x04, 0x40,
];
const DIGEST_INFO_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A private key that stays where it is.
///
/// An implementation promises to return the outcome of one signing operation, to ask again only
/// where the connection broke, to give up after a bounded time, and to keep everything secret out
/// of its errors.
pub trait Signer: fmt::Debug + Send + Sync {
    /// Signs `message` and returns the raw signature:
    ///
    /// - for [`Message::RsaPkcs1`] and [`Message::RsaPss`] a big-endian number as long as the
    ///   modulus,
    /// - for [`Message::Ecdsa`] a DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3),
    /// - for [`Message::Ed25519`] R and S, 64 octets (RFC 8032 §5.1.6).
    fn sign(&self, message: &Message) -> Result<Vec<u8>, SignerError>;
}

/// The exact octets to sign, with what is done to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A DER `DigestInfo`, to be padded as in RFC 8017 §9.2 steps 3 to 6.
    RsaPkcs1(Vec<u8>),
    /// A digest, to be encoded as in RFC 8017 §9.1.1 with its hash function throughout and a salt
    /// of its length.
    RsaPss(Digest),
    /// A digest in the 32, 48 or 64 octets that fit P-256, P-384 or P-521: a longer one is cut at
    /// its end (FIPS 186-5 §6.4.1), a shorter one has zeros before it, which change nothing.
    Ecdsa(Vec<u8>),
    /// A message for pure Ed25519.
    Ed25519(Vec<u8>),
}

impl Message {
    /// The octets alone.
    pub fn as_octets(&self) -> &[u8] {
        match self {
            Self::RsaPkcs1(octets) | Self::Ecdsa(octets) | Self::Ed25519(octets) => octets,
            Self::RsaPss(digest) => digest.as_octets(),
        }
    }
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// Nothing answers, or it answers that it cannot sign now.
    #[error("the HSM is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It refuses: wrong credentials, no such key, key of another type.
    #[error("the HSM refuses")]
    Denied(#[source] Box<dyn Error + Send + Sync>),
    /// It answers with something that is no signature.
    #[error("the HSM answers nonsense")]
    Nonsense(#[source] Box<dyn Error + Send + Sync>),
}

/// Both numbers of an ECDSA signature (RFC 3279 §2.2.3).
#[derive(Sequence)]
pub(super) struct EcdsaSigValue<'a> {
    pub(super) r: UintRef<'a>,
    pub(super) s: UintRef<'a>,
}

/// The DER `DigestInfo` of `digest`.
pub(super) fn digest_info(digest: &Digest) -> Vec<u8> {
    match digest {
        Digest::Sha256(octets) => [&DIGEST_INFO_SHA256[..], octets].concat(),
        Digest::Sha512(octets) => [&DIGEST_INFO_SHA512[..], octets].concat(),
    }
}

/// The digest in a `DigestInfo` made here.
pub(super) fn digest_in(info: &[u8]) -> Option<Digest> {
    let (head, octets) = info.split_at_checked(DIGEST_INFO_SHA512.len())?;
    if head == DIGEST_INFO_SHA512 {
        octets.try_into().ok().map(Digest::Sha512)
    } else if head == DIGEST_INFO_SHA256 {
        octets.try_into().ok().map(Digest::Sha256)
    } else {
        None
    }
}

/// `digest` in as many octets as ECDSA on a curve takes.
pub(super) fn fitted(digest: &[u8], octets: usize) -> Vec<u8> {
    let zeros = octets.saturating_sub(digest.len());
    std::iter::repeat_n(0, zeros)
        .chain(digest.iter().copied().take(octets))
        .collect()
}

/// Has `signer` sign a SHA-512 for the primary key of `certificate`. Returns what the signer was
/// given as well.
pub(super) fn sign(
    certificate: &Certificate,
    signer: &dyn Signer,
    digest: &[u8; 64],
) -> Result<(Message, SignatureBytes), SignerError> {
    sign_with(certificate.primary().public_params(), signer, digest)
}

fn sign_with(
    params: &PublicParams,
    signer: &dyn Signer,
    digest: &[u8; 64],
) -> Result<(Message, SignatureBytes), SignerError> {
    let message = message(params, digest)?;
    let raw = signer.sign(&message)?;
    let mpis = match &message {
        Message::RsaPkcs1(_) | Message::RsaPss(_) => vec![Mpi::from_slice(&raw)],
        Message::Ecdsa(_) => {
            let EcdsaSigValue { r, s } =
                EcdsaSigValue::from_der(&raw).map_err(|e| SignerError::Nonsense(Box::new(e)))?;
            vec![Mpi::from_slice(r.as_bytes()), Mpi::from_slice(s.as_bytes())]
        }
        Message::Ed25519(_) => match raw.split_at_checked(32) {
            Some((r, s)) if s.len() == 32 => {
                if matches!(params, PublicParams::Ed25519(_)) {
                    return Ok((message, SignatureBytes::Native(raw.into())));
                }
                vec![Mpi::from_slice(r), Mpi::from_slice(s)]
            }
            _ => {
                let length = format!("an Ed25519 signature of {} octets", raw.len());
                return Err(SignerError::Nonsense(length.into()));
            }
        },
    };
    Ok((message, SignatureBytes::Mpis(mpis)))
}

/// Checks an OpenPGP signature over a SHA-512, or over as much of one as ECDSA takes, with the key that
/// `params` are of.
pub(super) fn verify(
    params: &PublicParams,
    digest: &[u8],
    signature: &SignatureBytes,
) -> Result<(), NotByThisKey> {
    let message = message(params, digest).map_err(|_| NotByThisKey)?;
    let key = PublicKey::of_params(params).ok_or(NotByThisKey)?;
    let raw = as_signed(&key, signature).ok_or(NotByThisKey)?;
    key.verify(&message, &raw)
}

/// What a [`Signer`] returned, from the numbers of it in an OpenPGP signature, which have no zeros
/// before them.
fn as_signed(key: &PublicKey, signature: &SignatureBytes) -> Option<Vec<u8>> {
    fn padded(number: &Mpi, octets: usize) -> Option<Vec<u8>> {
        let zeros = octets.checked_sub(number.len())?;
        Some([&vec![0; zeros], number.as_ref()].concat())
    }
    let mpis = match signature {
        SignatureBytes::Native(octets) => return Some(octets.to_vec()),
        SignatureBytes::Mpis(mpis) => &mpis[..],
    };
    match (key, mpis) {
        (PublicKey::Rsa { modulus, .. }, [number]) => padded(number, modulus.len()),
        (PublicKey::Ed25519(_), [r, s]) => Some([padded(r, 32)?, padded(s, 32)?].concat()),
        (PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::P521(_), [r, s]) => {
            let r = UintRef::new(r.as_ref()).ok()?;
            let s = UintRef::new(s.as_ref()).ok()?;
            EcdsaSigValue { r, s }.to_der().ok()
        }
        _ => None,
    }
}

fn message(params: &PublicParams, digest: &[u8]) -> Result<Message, SignerError> {
    match params {
        PublicParams::RSA(_) => {
            let digest = digest.try_into().map(Digest::Sha512);
            let digest = digest.map_err(|error| SignerError::Denied(Box::new(error)))?;
            Ok(Message::RsaPkcs1(digest_info(&digest)))
        }
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::Ed25519(_) => Ok(Message::Ed25519(digest.to_vec())),
        PublicParams::ECDSA(EcdsaPublicParams::P256 { .. }) => {
            Ok(Message::Ecdsa(fitted(digest, 32)))
        }
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => {
            Ok(Message::Ecdsa(fitted(digest, 48)))
        }
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) => {
            Ok(Message::Ecdsa(fitted(digest, 64)))
        }
        other => Err(SignerError::Denied(
            format!("no signatures are made with {other:?}").into(),
        )),
    }
}

/// A key in an HSM as the OpenPGP library wants to see it, for certifications.
#[derive(Debug)]
pub(super) struct Remote<'a> {
    pub(super) public: &'a packet::PublicKey,
    pub(super) signer: &'a dyn Signer,
}

impl KeyDetails for Remote<'_> {
    fn version(&self) -> KeyVersion {
        self.public.version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.public.legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.public.algorithm()
    }

    fn created_at(&self) -> Timestamp {
        self.public.created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.public.legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.public.public_params()
    }
}

impl pgp::types::SigningKey for Remote<'_> {
    fn sign(
        &self,
        _no_passphrase: &Password,
        hash: HashAlgorithm,
        digest: &[u8],
    ) -> Result<SignatureBytes, PgpError> {
        let digest: &[u8; 64] = match (hash, digest.try_into()) {
            (HashAlgorithm::Sha512, Ok(digest)) => digest,
            _ => return Err(std::io::Error::other("only SHA-512 is signed").into()),
        };
        sign_with(self.public.public_params(), self.signer, digest)
            .map(|(_, raw)| raw)
            .map_err(|error| std::io::Error::other(error).into())
    }

    fn hash_alg(&self) -> HashAlgorithm {
        HashAlgorithm::Sha512
    }
}
