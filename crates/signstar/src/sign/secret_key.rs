//! A secret key that was made elsewhere, on its way into an HSM.

use std::fmt;

use pgp::{
    armor::BlockType,
    composed::{Deserializable, SignedPublicSubKey, SignedSecretKey},
    crypto::{ecdsa, eddsa_legacy},
    ser::Serialize as _,
    types::{
        EcdsaPublicParams, KeyDetails, Mpi, Password, PlainSecretParams, PublicParams,
        RsaPublicParams, S2kParams, SecretParams, StringToKey,
    },
};
use zeroize::Zeroizing;

use super::{Certificate, InvalidCertificate, armor};

/// The longest secret key that is read, in octets, as with certificates.
const MAX_OCTETS: usize = 1 << 20;

/// A transferable secret key (RFC 9580 §10.2): the secret half of the primary key, and the
/// certificate that goes with it.
#[derive(Debug)]
pub struct SecretKey {
    certificate: Certificate,
    private: PrivateKey,
    left_behind: Vec<String>,
}

/// The secret half of a key, as HSMs take it. It cannot be printed and is erased when dropped.
pub enum PrivateKey {
    /// RSA; all numbers big-endian.
    Rsa {
        /// The first prime p.
        prime_p: Zeroizing<Vec<u8>>,
        /// The second prime q.
        prime_q: Zeroizing<Vec<u8>>,
        /// The public exponent e.
        exponent: Vec<u8>,
    },
    /// A scalar of P-256, 32 octets.
    P256(Zeroizing<Vec<u8>>),
    /// A scalar of P-384, 48 octets.
    P384(Zeroizing<Vec<u8>>),
    /// A scalar of P-521, 66 octets.
    P521(Zeroizing<Vec<u8>>),
    /// An Ed25519 private key of 32 octets (RFC 8032 §5.1.5).
    Ed25519(Zeroizing<Vec<u8>>),
}

/// What to do about subkeys: only a primary key can be moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subkeys {
    /// Refuse a key that has any.
    Refuse,
    /// Leave their secret halves behind, and say which. Their public halves stay in the
    /// certificate.
    LeaveBehind,
}

/// Octets that are no secret key to be moved. Nothing secret is told.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSecretKey {
    /// Not exactly one secret key of at most 1 MiB.
    #[error("not one OpenPGP secret key: {0}")]
    Malformed(String),
    /// It has subkeys.
    #[error("it has subkeys, which cannot be moved: {}", .0.join(", "))]
    Subkeys(Vec<String>),
    /// The secret half is somewhere else, on a smart card or in another file.
    #[error("the secret half of its primary key is not in it")]
    Absent,
    /// It is protected by a passphrase, and none was given.
    #[error("it is protected by a passphrase")]
    Protected,
    /// The passphrase is another one.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// Not one of the algorithms that HSMs and verifiers know.
    #[error("keys of this algorithm are not supported: {0}")]
    Algorithm(String),
    /// What it says about itself does not hold.
    #[error(transparent)]
    Certificate(#[from] InvalidCertificate),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa { .. } => "Rsa(..)",
            Self::P256(_) => "P256(..)",
            Self::P384(_) => "P384(..)",
            Self::P521(_) => "P521(..)",
            Self::Ed25519(_) => "Ed25519(..)",
        })
    }
}

impl SecretKey {
    /// Reads one secret key, binary or in ASCII armor, and opens it with `passphrase` if it is
    /// protected.
    ///
    /// Fails unless it is of version 4, its certificate holds and its primary key may sign: what
    /// could not be used afterwards is not moved.
    pub fn parse(
        octets: &[u8],
        passphrase: Option<&str>,
        subkeys: Subkeys,
    ) -> Result<Self, InvalidSecretKey> {
        let inner = read(octets)?;
        let left_behind = describe(&inner);
        if subkeys == Subkeys::Refuse && !left_behind.is_empty() {
            return Err(InvalidSecretKey::Subkeys(left_behind));
        }
        let private = open(&inner, passphrase)?;
        let certificate = Certificate::check(inner.to_public_key())?;
        Ok(Self {
            certificate,
            private,
            left_behind,
        })
    }

    /// What the public may know about the key.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What the HSM needs.
    pub fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// The subkeys whose secret halves do not move, as fingerprint and algorithm.
    pub fn left_behind(&self) -> &[String] {
        &self.left_behind
    }
}

fn read(octets: &[u8]) -> Result<SignedSecretKey, InvalidSecretKey> {
    let malformed = |error: pgp::errors::Error| InvalidSecretKey::Malformed(error.to_string());
    if octets.len() > MAX_OCTETS {
        return Err(InvalidSecretKey::Malformed("over 1 MiB".to_owned()));
    }
    let dearmored;
    let octets = if octets.trim_ascii_start().starts_with(b"-----BEGIN") {
        dearmored = Zeroizing::new(armor::read(octets, BlockType::PrivateKey).map_err(malformed)?);
        &**dearmored
    } else {
        octets
    };
    let mut all = SignedSecretKey::from_bytes_many(octets).map_err(malformed)?;
    match (all.next(), all.next()) {
        (Some(Ok(key)), None) => Ok(key),
        (Some(Err(error)), _) => Err(malformed(error)),
        (None, _) => Err(InvalidSecretKey::Malformed("no packet".to_owned())),
        (Some(Ok(_)), Some(_)) => Err(InvalidSecretKey::Malformed("more than one".to_owned())),
    }
}

/// The subkeys for a person, those with and those without a secret half.
fn describe(key: &SignedSecretKey) -> Vec<String> {
    let line = |key: &dyn KeyDetails| format!("{} ({:?})", key.fingerprint(), key.algorithm());
    let secret = key.secret_subkeys.iter().map(|subkey| line(&subkey.key));
    let public = key.public_subkeys.iter();
    let public = public.map(|SignedPublicSubKey { key, .. }| line(key));
    secret.chain(public).collect()
}

fn open(key: &SignedSecretKey, passphrase: Option<&str>) -> Result<PrivateKey, InvalidSecretKey> {
    let primary = &key.primary_key;
    let password = match (primary.secret_params(), passphrase) {
        (SecretParams::Plain(_), _) => Password::empty(),
        (SecretParams::Encrypted(secret), _) if is_elsewhere(secret.string_to_key_params()) => {
            return Err(InvalidSecretKey::Absent);
        }
        (SecretParams::Encrypted(_), None) => return Err(InvalidSecretKey::Protected),
        (SecretParams::Encrypted(_), Some(passphrase)) => Password::from(passphrase),
    };
    let opened = primary.unlock(&password, |public, plain| Ok(private(public, plain)));
    match opened {
        Ok(Ok(private)) => private,
        Ok(Err(_)) | Err(_) => Err(InvalidSecretKey::Passphrase),
    }
}

/// Whether there is a mark of GnuPG in place of a secret: it is on a smart card, or nowhere.
fn is_elsewhere(parameters: &S2kParams) -> bool {
    match parameters {
        S2kParams::Cfb { s2k, .. }
        | S2kParams::MalleableCfb { s2k, .. }
        | S2kParams::Aead { s2k, .. } => matches!(s2k, StringToKey::Private { .. }),
        S2kParams::Unprotected | S2kParams::LegacyCfb { .. } => false,
    }
}

fn private(
    public: &PublicParams,
    plain: &PlainSecretParams,
) -> Result<PrivateKey, InvalidSecretKey> {
    let secret = |octets: &[u8]| Zeroizing::new(octets.to_vec());
    Ok(match (public, plain) {
        (PublicParams::RSA(public), PlainSecretParams::RSA(key)) => {
            let (_d, prime_p, prime_q, _u) = {
                let (d, p, q, u) = key.to_bytes();
                let erased = Zeroizing::new;
                (erased(d), erased(p), erased(q), erased(u))
            };
            PrivateKey::Rsa {
                prime_p,
                prime_q,
                exponent: exponent(public)
                    .map_err(|error| InvalidSecretKey::Malformed(error.to_string()))?,
            }
        }
        (
            PublicParams::EdDSALegacy(_),
            PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(key)),
        ) => PrivateKey::Ed25519(secret(key.as_bytes())),
        (PublicParams::ECDSA(curve), PlainSecretParams::ECDSA(key)) => {
            let octets = Zeroizing::new(ecdsa::SecretKey::to_bytes(key));
            match curve {
                EcdsaPublicParams::P256 { .. } => PrivateKey::P256(octets),
                EcdsaPublicParams::P384 { .. } => PrivateKey::P384(octets),
                EcdsaPublicParams::P521 { .. } => PrivateKey::P521(octets),
                _ => return Err(InvalidSecretKey::Algorithm("another curve".to_owned())),
            }
        }
        _ => {
            let name = match public {
                PublicParams::Ed25519(_) => "Ed25519 (27), which pacman does not know",
                PublicParams::Ed448(_) => "Ed448",
                PublicParams::DSA(_) => "DSA",
                _ => "no signatures are made with it",
            };
            return Err(InvalidSecretKey::Algorithm(name.to_owned()));
        }
    })
}

/// The public exponent, big-endian: the second number of the public key (RFC 9580 §5.5.5.1).
fn exponent(public: &RsaPublicParams) -> Result<Vec<u8>, pgp::errors::Error> {
    let octets = public.to_bytes()?;
    let mut rest = &*octets;
    let _modulus = Mpi::try_from_reader(&mut rest)?;
    Ok(Mpi::try_from_reader(&mut rest)?.as_ref().to_vec())
}
