//! The statement that a key is not to be used any more.

use std::{collections::BTreeMap, time::SystemTime};

use pgp::{
    armor::BlockType,
    composed::{ArmorOptions, Deserializable, DetachedSignature, SignedPublicKey},
    packet::{RevocationCode, Signature, SignatureType, Subpacket, SubpacketData},
    ser::Serialize,
    types::{Password, Timestamp},
};

use super::{Certificate, InvalidCertificate, statement};
use crate::{
    request::AllegedName,
    sign::{Signer, armor, raw::Remote},
};

/// The longest revocation that is read, in octets, and the longest reason in words.
const MAX_OCTETS: usize = 16_384;
const MAX_WORDS: usize = 1024;

/// Why a key is revoked (RFC 9580 §5.2.3.31).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// None of the others. Signatures of all times become doubtful, as with a compromise.
    Unspecified,
    /// Another key takes its place. Older signatures stay good.
    Superseded,
    /// Somebody else may have it. No signature is good any more, of whatever time it says it is.
    Compromised,
    /// It is not used any more. Older signatures stay good.
    Retired,
}

/// A revocation certificate: a key revocation signature by the key itself (RFC 9580 §5.2.1.11).
///
/// Whoever has it can end the key by publishing it; it is made ahead and kept apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    signature: Signature,
}

/// Octets that do not revoke the certificate.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRevocation {
    /// Not exactly one key revocation of at most 16,384 octets.
    #[error("not one key revocation: {0}")]
    Malformed(String),
    /// Not by the key of that certificate, or changed.
    #[error("it does not revoke this certificate")]
    OtherKey(#[source] pgp::errors::Error),
    /// The certificate with it could not be written.
    #[error("the certificate could not be written")]
    Write(#[source] pgp::errors::Error),
}

impl Reason {
    fn code(self) -> RevocationCode {
        match self {
            Self::Unspecified => RevocationCode::NoReason,
            Self::Superseded => RevocationCode::KeySuperseded,
            Self::Compromised => RevocationCode::KeyCompromised,
            Self::Retired => RevocationCode::KeyRetired,
        }
    }
}

impl Revocation {
    /// Has `signer` revoke the key of `certificate` as of the time `at`, with `words` for people
    /// (at most 1,024 octets without control characters; may be empty).
    ///
    /// Uses one operation of `signer` and verifies the outcome. Fails for a certificate of version
    /// 6, which a signature of version 4 does not revoke.
    pub fn make(
        certificate: &Certificate,
        reason: Reason,
        words: &str,
        at: SystemTime,
        signer: &dyn Signer,
    ) -> Result<Self, InvalidCertificate> {
        if words.len() > MAX_WORDS || words.contains(AllegedName::is_deceptive) {
            let words = words.chars().take(80).collect();
            return Err(InvalidCertificate::Unexpected(
                words,
                "no reason in plain words",
            ));
        }
        let primary = certificate.primary();
        if certificate.is_v6() {
            return Err(InvalidCertificate::Version6("revoked"));
        }
        let said = SubpacketData::RevocationReason(reason.code(), words.to_owned().into());
        let config = statement::config(
            primary,
            SignatureType::KeyRevocation,
            vec![Subpacket::regular(said)?],
            Timestamp::try_from(at)?,
        )?;
        let remote = Remote {
            public: primary,
            signer,
        };
        let signature = config.sign_key(&remote, &Password::empty(), primary)?;
        signature.verify_key(primary)?;
        Ok(Self { signature })
    }

    /// Reads a revocation certificate, binary or in ASCII armor.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidRevocation> {
        let malformed = |error: String| InvalidRevocation::Malformed(error);
        if octets.len() > MAX_OCTETS {
            return Err(malformed(format!("over {MAX_OCTETS} octets")));
        }
        let dearmored;
        let octets = if octets.trim_ascii_start().starts_with(b"-----BEGIN") {
            dearmored = armor::read(octets, BlockType::PublicKey)
                .map_err(|error| malformed(error.to_string()))?;
            &*dearmored
        } else {
            octets
        };
        let mut all = DetachedSignature::from_bytes_many(octets)
            .map_err(|error| malformed(error.to_string()))?;
        match (all.next(), all.next()) {
            (Some(Ok(DetachedSignature { signature })), None)
                if signature.typ() == Some(SignatureType::KeyRevocation) =>
            {
                Ok(Self { signature })
            }
            (Some(Err(error)), _) => Err(malformed(error.to_string())),
            _ => Err(malformed("other packets".to_owned())),
        }
    }

    /// The revocation in ASCII armor, as `gpg --import` takes it.
    pub fn to_armored(&self) -> Result<String, pgp::errors::Error> {
        let comment = "This is a revocation certificate".to_owned();
        let headers = BTreeMap::from([("Comment".to_owned(), vec![comment])]);
        let mut armored = Vec::new();
        pgp::armor::write(
            &DetachedSignature::new(self.signature.clone()),
            BlockType::PublicKey,
            &mut armored,
            Some(&headers),
            true,
        )?;
        String::from_utf8(armored).map_err(|error| std::io::Error::other(error).into())
    }

    /// The certificate with the revocation in it, binary, to be published in place of the other.
    ///
    /// Fails unless the key of `certificate` made this revocation.
    pub fn apply(&self, certificate: &Certificate) -> Result<Vec<u8>, InvalidRevocation> {
        self.put_into(certificate)?
            .to_bytes()
            .map_err(InvalidRevocation::Write)
    }

    /// The same in ASCII armor.
    pub fn apply_armored(&self, certificate: &Certificate) -> Result<String, InvalidRevocation> {
        self.put_into(certificate)?
            .to_armored_string(ArmorOptions::default())
            .map_err(InvalidRevocation::Write)
    }

    fn put_into(&self, certificate: &Certificate) -> Result<SignedPublicKey, InvalidRevocation> {
        self.signature
            .verify_key(certificate.primary())
            .map_err(InvalidRevocation::OtherKey)?;
        let mut inner = certificate.inner.clone();
        inner
            .details
            .revocation_signatures
            .push(self.signature.clone());
        Ok(inner)
    }
}
