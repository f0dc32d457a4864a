//! A signature as it stands in the log, without the file that it is over.

use std::time::SystemTime;

use pgp::{crypto::public_key::PublicKeyAlgorithm, packet::Signature};

use super::{
    Certificate, Detached, DoesNotVerify,
    openpgp::{DATA_DIGEST, issuer},
    raw::DIGEST_INFO_SHA512,
};

/// What is on record beside a signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The fingerprint of the key.
    pub(crate) issuer: &'a str,
    /// When it was granted.
    pub(crate) created: Option<SystemTime>,
    /// The SHA-512 of the file.
    pub(crate) sha512: &'a [u8; 64],
    /// What the HSM was given.
    pub(crate) hsm_input: &'a [u8],
}

impl Detached {
    /// The same with an empty unhashed area, which nothing vouches for.
    pub fn bare(&self) -> Result<Self, pgp::errors::Error> {
        let parts = (
            self.signature.config(),
            self.signature.signed_hash_value(),
            self.signature.signature(),
        );
        let (Some(config), Some(start), Some(raw)) = parts else {
            return Err(std::io::Error::other("a signature of an unknown version").into());
        };
        let mut config = config.clone();
        config.unhashed_subpackets.clear();
        let signature = Signature::from_config(config, start, raw.clone())?;
        Ok(Self { signature })
    }

    /// Checks that this is a signature as `facts` have it, and returns the digest it is over; for
    /// curves shorter than it, the part that was signed.
    pub(crate) fn check_facts<'a>(&self, facts: &Facts<'a>) -> Result<&'a [u8], DoesNotVerify> {
        let config = self.supported_config()?;
        let stated = issuer(config)?.to_string();
        if stated != facts.issuer {
            return Err(DoesNotVerify::OtherKey(stated));
        }
        if facts.created.is_none() || self.created() != facts.created {
            return Err(DoesNotVerify::Time);
        }
        let contradicts = |notation: &&pgp::packet::Notation| {
            notation.name.starts_with(DATA_DIGEST.as_bytes()) && *notation.value != *facts.sha512
        };
        if self.signature.notations().iter().any(contradicts) {
            return Err(DoesNotVerify::OtherDigest);
        }
        let input = facts.hsm_input;
        let digest = match (config.pub_alg, input.len()) {
            (PublicKeyAlgorithm::RSA, _) => input
                .strip_prefix(&DIGEST_INFO_SHA512)
                .filter(|digest| digest.len() == 64),
            (PublicKeyAlgorithm::ECDSA, 32 | 48 | 64) | (PublicKeyAlgorithm::EdDSALegacy, 64) => {
                Some(input)
            }
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
        self.verify_digest(&self.key_in(certificate)?, digest)
    }
}
