//! A signature as it stands in the log, without the file that it is over.

use std::time::SystemTime;

use pgp::{
    crypto::public_key::PublicKeyAlgorithm,
    packet::{Notation, Signature, SignatureVersion, Subpacket, SubpacketData},
};

use super::{
    Certificate, Detached, Document, DoesNotVerify, Message, PublicKey, RawSignature, SshSignature,
    bare,
    openpgp::{DATA_DIGEST, issuer, key_id},
    raw::{self, DIGEST_INFO_SHA512},
};
use crate::{
    config::{Domain, Mechanism},
    request::{Digest, FileDigest},
};

/// The first part of the notation that says where a signature stands in which log.
const LOG: &str = "log@";

/// What is on record beside a signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The fingerprint of the key.
    pub(crate) issuer: &'a str,
    /// When it was granted.
    pub(crate) created: Option<SystemTime>,
    /// What is known of the file.
    pub(crate) digest: &'a FileDigest,
    /// What the HSM was given.
    pub(crate) hsm_input: &'a [u8],
    /// How a raw signature was made.
    pub(crate) mechanism: Option<Mechanism>,
    /// What an OpenPGP signature is made over.
    pub(crate) document: Document,
}

impl Facts<'_> {
    /// The digest of the file, for signatures without a salt.
    fn plain_digest(&self) -> Result<Digest, DoesNotVerify> {
        self.digest.plain().ok_or(DoesNotVerify::OtherDigest)
    }

    fn check_issuer(&self, stated: String) -> Result<(), DoesNotVerify> {
        if stated == self.issuer {
            Ok(())
        } else {
            Err(DoesNotVerify::OtherKey(stated))
        }
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), DoesNotVerify> {
        let malformed =
            |error: super::InvalidPublicKey| DoesNotVerify::Malformed(error.to_string());
        self.check_issuer(key.fingerprint().map_err(malformed)?)
    }

    fn check_input(&self, message: &Message) -> Result<(), DoesNotVerify> {
        if message.as_octets() == self.hsm_input {
            Ok(())
        } else {
            Err(DoesNotVerify::OtherDigest)
        }
    }
}

impl Detached {
    /// The same with an empty unhashed area, which nothing vouches for.
    pub fn bare(&self) -> Result<Self, pgp::errors::Error> {
        self.with_unhashed(|_| Vec::new())
    }

    /// The same with the key ID of `certificate` in the unhashed area, which was empty.
    pub(super) fn with_key_id(
        &self,
        certificate: &Certificate,
    ) -> Result<Self, pgp::errors::Error> {
        let key_id = key_id(certificate)?;
        self.with_unhashed(|_| vec![key_id])
    }

    /// The same with the notation `log@DOMAIN` in the unhashed area: `ORIGIN#INDEX`.
    pub(super) fn with_place(
        &self,
        domain: &Domain,
        origin: &str,
        index: u64,
    ) -> Result<Self, pgp::errors::Error> {
        let place = Subpacket::regular(SubpacketData::Notation(Notation {
            readable: true,
            name: format!("{LOG}{domain}").into(),
            value: format!("{origin}#{index}").into(),
        }))?;
        self.with_unhashed(|unhashed| [unhashed, &[place]].concat())
    }

    fn with_unhashed(
        &self,
        change: impl FnOnce(&[Subpacket]) -> Vec<Subpacket>,
    ) -> Result<Self, pgp::errors::Error> {
        let parts = (
            self.signature.config(),
            self.signature.signed_hash_value(),
            self.signature.signature(),
        );
        let (Some(config), Some(start), Some(raw)) = parts else {
            return Err(std::io::Error::other("a signature of an unknown version").into());
        };
        let mut config = config.clone();
        config.unhashed_subpackets = change(&config.unhashed_subpackets);
        let signature = Signature::from_config(config, start, raw.clone())?;
        Ok(Self { signature })
    }

    /// Checks that this is a signature as `facts` have it, and returns the digest it is over; for
    /// curves shorter than it, the part that was signed.
    pub(crate) fn check_facts<'a>(&self, facts: &Facts<'a>) -> Result<&'a [u8], DoesNotVerify> {
        let config = self.supported_config(facts.document)?;
        facts.check_issuer(issuer(config)?.to_string())?;
        if facts.created.is_none() || self.created() != facts.created {
            return Err(DoesNotVerify::Time);
        }
        match (config.version(), facts.digest) {
            (SignatureVersion::V6, FileDigest::Salted(_)) => {}
            (SignatureVersion::V4, FileDigest::Plain(Digest::Sha512(sha512))) => {
                let contradicts = |notation: &&Notation| {
                    notation.name.starts_with(DATA_DIGEST.as_bytes()) && *notation.value != *sha512
                };
                if self.signature.notations().iter().any(contradicts) {
                    return Err(DoesNotVerify::OtherDigest);
                }
            }
            _ => return Err(DoesNotVerify::Unsupported),
        }
        let input = facts.hsm_input;
        let digest = match (config.pub_alg, input.len()) {
            (PublicKeyAlgorithm::RSA, _) => input
                .strip_prefix(&DIGEST_INFO_SHA512)
                .filter(|digest| digest.len() == 64),
            (PublicKeyAlgorithm::ECDSA, 32 | 48 | 64)
            | (PublicKeyAlgorithm::EdDSALegacy | PublicKeyAlgorithm::Ed25519, 64) => Some(input),
            _ => None,
        };
        let starts = |digest: &&[u8]| match self.signature.signed_hash_value() {
            Some(start) => digest.starts_with(&start),
            None => false,
        };
        digest.filter(starts).ok_or(DoesNotVerify::OtherDigest)
    }

    /// Checks that a key of `certificate` made this signature, as `facts` have it.
    pub(crate) fn verify_facts(
        &self,
        facts: &Facts<'_>,
        certificate: &Certificate,
    ) -> Result<(), DoesNotVerify> {
        let digest = self.check_facts(facts)?;
        let key = self.key_in(facts.document, certificate)?;
        self.verify_digest(facts.document, &key, digest)
    }
}

impl SshSignature {
    /// Checks that the key that this signature names, and that is on record, made it as `facts`
    /// have it. It contains all that is needed.
    pub(crate) fn check_facts(&self, facts: &Facts<'_>) -> Result<(), DoesNotVerify> {
        let digest = facts.plain_digest()?;
        facts.check_key(self.key())?;
        facts.check_input(&self.message(&digest).0)?;
        self.verify_stated(&digest)
    }
}

impl RawSignature {
    /// Checks that the HSM was given the digest on record, in the way on record. By whom this is
    /// cannot be told without the key.
    pub(crate) fn check_facts(&self, facts: &Facts<'_>) -> Result<(), DoesNotVerify> {
        let digest = facts.plain_digest()?;
        let mechanism = facts.mechanism.ok_or(DoesNotVerify::Unsupported)?;
        let fits = match mechanism {
            Mechanism::Pkcs1 => facts.hsm_input == raw::digest_info(&digest),
            Mechanism::Pss | Mechanism::Ed25519 => facts.hsm_input == digest.as_octets(),
            Mechanism::Ecdsa => [32, 48, 64]
                .iter()
                .any(|&octets| facts.hsm_input == raw::fitted(digest.as_octets(), octets)),
        };
        fits.then_some(()).ok_or(DoesNotVerify::OtherDigest)
    }

    /// Checks that the private half of `key` made this signature, as `facts` have it.
    pub(crate) fn verify_facts(
        &self,
        facts: &Facts<'_>,
        key: &PublicKey,
    ) -> Result<(), DoesNotVerify> {
        let digest = facts.plain_digest()?;
        let mechanism = facts.mechanism.ok_or(DoesNotVerify::Unsupported)?;
        facts.check_key(key)?;
        let message = bare::message(key, mechanism, &digest).ok_or(DoesNotVerify::Unsupported)?;
        facts.check_input(&message)?;
        self.verify(key, mechanism, &digest)
    }
}
