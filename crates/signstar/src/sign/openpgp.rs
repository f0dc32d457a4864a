//! A detached OpenPGP signature of version 4 over a file that only its client has.

use std::time::SystemTime;

use digest_0_10::DynDigest;
use pgp::{
    armor::BlockType,
    composed::{ArmorOptions, Deserializable, DetachedSignature},
    crypto::hash::HashAlgorithm,
    packet::{
        Notation, Signature, SignatureConfig, SignatureType, SignatureVersion, Subpacket,
        SubpacketData,
    },
    ser::Serialize,
    types::{Fingerprint, KeyDetails, SignatureBytes, TimestampError},
};

use super::{Certificate, SigningKey, certificate::SigningComponent, continued::Continued};
use crate::request::Sha512State;

/// The longest detached signature that is read, in octets: what `repo-add` accepts.
const MAX_OCTETS: usize = 16_384;
/// The first part of the notation that repeats the digest of the file.
pub(super) const DATA_DIGEST: &str = "data-digest@";

/// A signature that lacks nothing but the signature.
pub(super) struct Prepared {
    config: SignatureConfig,
    digest: [u8; 64],
}

/// One signature packet over a binary document (RFC 9580 §5.2.1.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detached {
    pub(super) signature: Signature,
}

/// Why a signature is not one of the file.
#[derive(Debug, thiserror::Error)]
pub enum DoesNotVerify {
    /// Not exactly one OpenPGP signature packet of at most 16,384 octets.
    #[error("not a detached OpenPGP signature: {0}")]
    Malformed(String),
    /// A version, type or hash that is not accepted here.
    #[error("not a version 4 signature over a binary document with SHA-512")]
    Unsupported,
    /// The certificate has no such key.
    #[error("made by another key: {0}")]
    OtherKey(String),
    /// It is one that expires, which nobody has a use for here.
    #[error("it is a signature that expires")]
    Expires,
    /// It was made when its key was not valid.
    #[error("made at a time at which its key is not valid")]
    Time,
    /// The digest that it states is not that of the file.
    #[error("it states the digest of another file")]
    OtherDigest,
    /// The mathematics says no.
    #[error("the signature is not one of this file")]
    Cryptography(#[source] pgp::errors::Error),
}

/// Why a signature cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotPrepare {
    #[error("the clock is wrong")]
    Clock(#[from] TimestampError),
    #[error("the signature cannot be described")]
    OpenPgp(#[from] pgp::errors::Error),
}

/// Describes the signature of `key` over `input` at the time `at`.
pub(super) fn prepare(
    key: &SigningKey,
    input: &Sha512State,
    at: SystemTime,
) -> Result<Prepared, CannotPrepare> {
    let primary = key.certificate.primary();
    let mut config = SignatureConfig::v4(
        SignatureType::Binary,
        primary.algorithm(),
        HashAlgorithm::Sha512,
    );
    let data_digest = Notation {
        readable: false,
        name: format!("{DATA_DIGEST}{}", key.domain).into(),
        value: input.digest().to_vec().into(),
    };
    let further = key.notations.iter().map(|(name, value)| Notation {
        readable: true,
        name: name.clone().into(),
        value: value.clone().into(),
    });
    config.hashed_subpackets = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(at.try_into()?))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint()))?,
    ];
    for notation in std::iter::once(data_digest).chain(further) {
        let notation = SubpacketData::Notation(notation);
        config.hashed_subpackets.push(Subpacket::regular(notation)?);
    }
    // Older versions of GnuPG look a key up by this alone.
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(
        primary.legacy_key_id(),
    ))?];
    let digest = digest(&config, input)?;
    Ok(Prepared { config, digest })
}

/// The SHA-512 over the file and the description of its signature (RFC 9580 §5.2.4).
fn digest(config: &SignatureConfig, input: &Sha512State) -> Result<[u8; 64], pgp::errors::Error> {
    let mut hasher: Box<dyn DynDigest + Send> = Box::new(Continued::new(input));
    let length = config.hash_signature_data(&mut hasher)?;
    hasher.update(&config.trailer(length)?);
    let mut digest = [0; 64];
    hasher
        .finalize_into_reset(&mut digest)
        .map_err(std::io::Error::other)?;
    Ok(digest)
}

impl Prepared {
    /// What the HSM is to sign.
    pub(super) fn digest(&self) -> &[u8; 64] {
        &self.digest
    }

    /// Puts the raw signature in.
    pub(super) fn assemble(self, raw: SignatureBytes) -> Result<Detached, pgp::errors::Error> {
        let [first, second, ..] = self.digest;
        let signature = Signature::from_config(self.config, [first, second], raw)?;
        Ok(Detached { signature })
    }
}

impl Detached {
    /// Reads a signature in ASCII armor.
    ///
    /// Fails unless it is exactly one signature packet.
    pub fn from_armored(armored: &str) -> Result<Self, DoesNotVerify> {
        Self::bounded(armored.len())?;
        let octets = super::armor::read(armored.as_bytes(), BlockType::Signature)
            .map_err(|error| DoesNotVerify::Malformed(error.to_string()))?;
        Self::from_octets(&octets)
    }

    /// Reads a binary signature.
    ///
    /// Fails unless it is exactly one signature packet.
    pub fn from_octets(octets: &[u8]) -> Result<Self, DoesNotVerify> {
        Self::bounded(octets.len())?;
        let signatures = DetachedSignature::from_bytes_many(octets)
            .map_err(|error| DoesNotVerify::Malformed(error.to_string()))?;
        Self::only(signatures)
    }

    fn bounded(length: usize) -> Result<(), DoesNotVerify> {
        if length > MAX_OCTETS {
            let reason = format!("{length} octets; at most {MAX_OCTETS} are accepted");
            return Err(DoesNotVerify::Malformed(reason));
        }
        Ok(())
    }

    fn only(
        mut signatures: impl Iterator<Item = Result<DetachedSignature, pgp::errors::Error>>,
    ) -> Result<Self, DoesNotVerify> {
        match (signatures.next(), signatures.next()) {
            (Some(Ok(DetachedSignature { signature })), None) => Ok(Self { signature }),
            (Some(Err(error)), _) => Err(DoesNotVerify::Malformed(error.to_string())),
            (None, _) => Err(DoesNotVerify::Malformed("no packet".to_owned())),
            (Some(Ok(_)), Some(_)) => {
                Err(DoesNotVerify::Malformed("more than one packet".to_owned()))
            }
        }
    }

    /// The packet with its header, as it stands in `FILE.sig`.
    pub fn to_octets(&self) -> Result<Vec<u8>, pgp::errors::Error> {
        DetachedSignature::new(self.signature.clone()).to_bytes()
    }

    /// The packet in ASCII armor, as it stands in `FILE.asc`.
    pub fn to_armored(&self) -> Result<String, pgp::errors::Error> {
        let mut armored = Vec::new();
        let options = ArmorOptions::default();
        pgp::armor::write(
            &DetachedSignature::new(self.signature.clone()),
            BlockType::Signature,
            &mut armored,
            options.headers,
            options.include_checksum,
        )?;
        String::from_utf8(armored).map_err(|error| std::io::Error::other(error).into())
    }

    /// When it was made, as it says itself.
    pub fn created(&self) -> Option<SystemTime> {
        self.signature.created().map(SystemTime::from)
    }

    /// The fingerprints of the keys that it says it was made by, in lower-case hexadecimal.
    pub fn issuers(&self) -> Vec<String> {
        self.signature
            .issuer_fingerprint()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Checks that this is a signature over the file behind `input`, made by a key of
    /// `certificate` that may sign.
    ///
    /// Beyond the cryptography: the version is 4, the type binary, the hash SHA-512, the issuer
    /// is stated in the hashed area, the time of the signature lies in the validity of the key,
    /// a digest stated in a `data-digest@` notation is that of the file, and the signature neither
    /// expires nor demands what is not known here.
    ///
    /// What verified is this value: write it with [`Detached::to_octets`], not the octets that it
    /// was read from.
    pub fn verify(
        &self,
        certificate: &Certificate,
        input: &Sha512State,
    ) -> Result<(), DoesNotVerify> {
        let config = self.supported_config()?;
        let key = self.key_in(certificate)?;
        self.check_stated_digest(input)?;

        let digest = digest(config, input).map_err(DoesNotVerify::Cryptography)?;
        self.check_start(&digest)?;
        self.verify_digest(&key, &digest)
    }

    /// The key of `certificate` that is said to have made this signature, if it could.
    pub(super) fn key_in<'a>(
        &self,
        certificate: &'a Certificate,
    ) -> Result<SigningComponent<'a>, DoesNotVerify> {
        let config = self.supported_config()?;
        let issuer = issuer(config)?;
        let key = certificate
            .key(issuer)
            .ok_or_else(|| DoesNotVerify::OtherKey(issuer.to_string()))?;
        let created = self.signature.created().ok_or(DoesNotVerify::Time)?;
        if key.algorithm() != config.pub_alg {
            return Err(DoesNotVerify::Unsupported);
        }
        if !key.is_valid_at(created) {
            return Err(DoesNotVerify::Time);
        }
        Ok(key)
    }

    /// Checks that `key` made this signature over `digest`.
    pub(super) fn verify_digest(
        &self,
        key: &SigningComponent<'_>,
        digest: &[u8],
    ) -> Result<(), DoesNotVerify> {
        let config = self.supported_config()?;
        let raw = self
            .signature
            .signature()
            .ok_or(DoesNotVerify::Unsupported)?;
        key.verify(config.hash_alg, digest, raw)
            .map_err(DoesNotVerify::Cryptography)
    }

    /// Checks what can be told about this signature without a certificate: that its digest begins
    /// as that of the file behind `input` does, and that it states no other.
    ///
    /// This catches mistakes, not forgers.
    pub fn check_without_certificate(&self, input: &Sha512State) -> Result<(), DoesNotVerify> {
        let config = self.supported_config()?;
        self.check_stated_digest(input)?;
        let digest = digest(config, input).map_err(DoesNotVerify::Cryptography)?;
        self.check_start(&digest)
    }

    /// Compares the two octets of the digest that stand in the packet (RFC 9580 §5.2.3).
    fn check_start(&self, digest: &[u8; 64]) -> Result<(), DoesNotVerify> {
        match self.signature.signed_hash_value() {
            Some(start) if digest.starts_with(&start) => Ok(()),
            _ => Err(DoesNotVerify::OtherDigest),
        }
    }

    pub(super) fn supported_config(&self) -> Result<&SignatureConfig, DoesNotVerify> {
        let config = self.signature.config().ok_or(DoesNotVerify::Unsupported)?;
        let supported = config.version() == SignatureVersion::V4
            && config.typ() == SignatureType::Binary
            && config.hash_alg == HashAlgorithm::Sha512;
        let config = supported
            .then_some(config)
            .ok_or(DoesNotVerify::Unsupported)?;
        if config.hashed_subpackets.iter().any(is_unknown_demand) {
            return Err(DoesNotVerify::Unsupported);
        }
        match self.signature.signature_expiration_time() {
            Some(lifetime) if lifetime.as_secs() > 0 => Err(DoesNotVerify::Expires),
            _ => Ok(config),
        }
    }

    fn check_stated_digest(&self, input: &Sha512State) -> Result<(), DoesNotVerify> {
        let digest = input.digest();
        let contradicts = |notation: &Notation| {
            let states_one = notation.name.starts_with(DATA_DIGEST.as_bytes());
            states_one && notation.value.len() == digest.len() && *notation.value != digest
        };
        if self.signature.notations().into_iter().any(contradicts) {
            return Err(DoesNotVerify::OtherDigest);
        }
        Ok(())
    }
}

/// Whether a subpacket is a notation that is critical and not known here (RFC 9580 §5.2.3.7).
/// Other critical subpackets that are not known are refused by the library.
fn is_unknown_demand(subpacket: &Subpacket) -> bool {
    match &subpacket.data {
        SubpacketData::Notation(notation) => {
            subpacket.is_critical && !notation.name.starts_with(DATA_DIGEST.as_bytes())
        }
        _ => false,
    }
}

/// The one issuer that the hashed area states.
pub(super) fn issuer(config: &SignatureConfig) -> Result<&Fingerprint, DoesNotVerify> {
    let mut issuers =
        config
            .hashed_subpackets
            .iter()
            .filter_map(|subpacket| match &subpacket.data {
                SubpacketData::IssuerFingerprint(issuer) => Some(issuer),
                _ => None,
            });
    match (issuers.next(), issuers.next()) {
        (Some(issuer), None) => Ok(issuer),
        _ => Err(DoesNotVerify::OtherKey(
            "no single issuer is stated".to_owned(),
        )),
    }
}
