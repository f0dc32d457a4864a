//! A detached OpenPGP signature of version 4 or 6 over a file that only its client has.

use std::time::SystemTime;

use digest_0_10::DynDigest;
use pgp::{
    armor::BlockType,
    composed::{ArmorOptions, Deserializable, DetachedSignature},
    crypto::hash::HashAlgorithm,
    packet::{
        Notation, Signature, SignatureConfig, SignatureType, SignatureVersion,
        SignatureVersionSpecific, Subpacket, SubpacketData,
    },
    ser::Serialize,
    types::{Fingerprint, KeyDetails, KeyVersion, SignatureBytes, TimestampError},
};

use super::{
    Certificate, NotByThisKey, certificate::SigningComponent, continued::Continued,
    signing_key::Statements,
};
use crate::request::{Salt, Sha512State};

/// The longest detached signature that is read, in octets: what `repo-add` accepts.
const MAX_OCTETS: usize = 16_384;
/// The first part of the notation that repeats the digest of the file.
pub(super) const DATA_DIGEST: &str = "data-digest@";

/// What a signature says that it is made over (RFC 9580 §5.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Document {
    /// Octets as they are (type 0x00).
    Binary,
    /// A text whose line ends are CR and LF (type 0x01). Whoever hashes it sees to that.
    Text,
}

impl Document {
    fn signature_type(self) -> SignatureType {
        match self {
            Self::Binary => SignatureType::Binary,
            Self::Text => SignatureType::Text,
        }
    }
}

/// A signature that lacks nothing but the signature.
pub(super) struct Prepared {
    config: SignatureConfig,
    digest: [u8; 64],
}

/// One signature packet over a document (RFC 9580 §5.2.1.1, §5.2.1.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detached {
    pub(super) signature: Signature,
}

/// Why a signature is not one of the file.
#[derive(Debug, thiserror::Error)]
pub enum DoesNotVerify {
    /// Not exactly one signature of its format, of at most 16,384 octets.
    #[error("not a detached signature: {0}")]
    Malformed(String),
    /// A version, type or hash that is not accepted here.
    #[error("not a signature of the kinds and hash functions that are accepted here")]
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
    /// What it is said to have signed cannot be put together.
    #[error("the signature is not one of this file")]
    Cryptography(#[source] pgp::errors::Error),
    /// The mathematics says no.
    #[error("the signature is not one of this file")]
    Raw(#[source] NotByThisKey),
    /// It is an SSH signature for another purpose.
    #[error("made for another namespace: {0:?}")]
    OtherNamespace(String),
}

/// Why a signature cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotPrepare {
    #[error("the clock is wrong")]
    Clock(#[from] TimestampError),
    #[error("the signature cannot be described")]
    OpenPgp(#[from] pgp::errors::Error),
}

/// Describes the signature of the key of `certificate` over the `document` behind `input` at the
/// time `at`: of version 6 with this `salt`, which `input` begins with, else of version 4.
pub(super) fn prepare(
    certificate: &Certificate,
    statements: &Statements,
    document: Document,
    input: &Sha512State,
    salt: Option<&Salt>,
    at: SystemTime,
) -> Result<Prepared, CannotPrepare> {
    let primary = certificate.primary();
    let (algorithm, hash) = (primary.algorithm(), HashAlgorithm::Sha512);
    let kind = document.signature_type();
    let mut config = match salt {
        None => SignatureConfig::v4(kind, algorithm, hash),
        Some(salt) => {
            SignatureConfig::v6_with_salt(kind, algorithm, hash, salt.as_octets().to_vec())
        }
    };
    let mut hashed = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(at.try_into()?))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint()))?,
    ];
    if let Some(user_id) = &statements.signer_user_id {
        let user_id = SubpacketData::SignersUserID(user_id.clone().into());
        hashed.push(Subpacket::regular(user_id)?);
    }
    // With a salt before the file, its plain digest is not known here.
    let data_digest = salt.is_none().then(|| Notation {
        readable: false,
        name: format!("{DATA_DIGEST}{}", statements.domain).into(),
        value: input.digest().to_vec().into(),
    });
    let further = statements.notations.iter().map(|(name, value)| Notation {
        readable: true,
        name: name.clone().into(),
        value: value.clone().into(),
    });
    for notation in data_digest.into_iter().chain(further) {
        hashed.push(Subpacket::regular(SubpacketData::Notation(notation))?);
    }
    config.hashed_subpackets = hashed;
    if salt.is_none() {
        // Older versions of GnuPG look a key up by this alone. Version 6 must not have it.
        config.unhashed_subpackets = vec![key_id(certificate)?];
    }
    let digest = digest(&config, input)?;
    Ok(Prepared { config, digest })
}

/// Who signed, for those who know keys by their key ID alone.
pub(super) fn key_id(certificate: &Certificate) -> Result<Subpacket, pgp::errors::Error> {
    let key_id = certificate.primary().legacy_key_id();
    Subpacket::regular(SubpacketData::IssuerKeyId(key_id))
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

    /// The salt of a version 6 signature: hash it before the file to get the `input` to check
    /// against. Version 4 has none.
    pub fn salt(&self) -> Option<Salt> {
        salt_of(self.signature.config()?)
    }

    /// Checks that this is a signature over the file behind `input`, a binary document, made by a
    /// key of `certificate` that may sign; see [`Self::verify_as`].
    pub fn verify(
        &self,
        certificate: &Certificate,
        input: &Sha512State,
    ) -> Result<(), DoesNotVerify> {
        self.verify_as(Document::Binary, certificate, input)
    }

    /// Checks that this is a signature over the `document` behind `input`, made by a key of
    /// `certificate` that may sign. For version 6, `input` has seen the [salt](Self::salt) before
    /// the file.
    ///
    /// Beyond the cryptography: the version is that of the key, 4 or 6, the type that of
    /// `document`, the hash SHA-512, the issuer is stated in the hashed area, the time of the
    /// signature lies in the validity of the key, a digest stated in a `data-digest@` notation is
    /// that of the file, and the signature neither expires nor demands what is not known here.
    ///
    /// What verified is this value: write it with [`Detached::to_octets`], not the octets that it
    /// was read from.
    pub fn verify_as(
        &self,
        document: Document,
        certificate: &Certificate,
        input: &Sha512State,
    ) -> Result<(), DoesNotVerify> {
        let config = self.supported_config(document)?;
        let key = self.key_in(document, certificate)?;
        self.check_stated_digest(config, input)?;

        let digest = digest(config, input).map_err(DoesNotVerify::Cryptography)?;
        self.check_start(&digest)?;
        self.verify_digest(document, &key, &digest)
    }

    /// The key of `certificate` that is said to have made this signature, if it could.
    pub(super) fn key_in<'a>(
        &self,
        document: Document,
        certificate: &'a Certificate,
    ) -> Result<SigningComponent<'a>, DoesNotVerify> {
        let config = self.supported_config(document)?;
        let issuer = issuer(config)?;
        let key = certificate
            .key(issuer)
            .ok_or_else(|| DoesNotVerify::OtherKey(issuer.to_string()))?;
        let created = self.signature.created().ok_or(DoesNotVerify::Time)?;
        let versions_agree = match config.version() {
            SignatureVersion::V4 => key.version() == KeyVersion::V4,
            SignatureVersion::V6 => key.version() == KeyVersion::V6,
            _ => false,
        };
        if key.algorithm() != config.pub_alg || !versions_agree {
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
        document: Document,
        key: &SigningComponent<'_>,
        digest: &[u8],
    ) -> Result<(), DoesNotVerify> {
        let config = self.supported_config(document)?;
        let raw = self
            .signature
            .signature()
            .ok_or(DoesNotVerify::Unsupported)?;
        if config.hash_alg != HashAlgorithm::Sha512 {
            return Err(DoesNotVerify::Unsupported);
        }
        key.verify(digest, raw).map_err(DoesNotVerify::Raw)
    }

    /// Checks what can be told about this signature without a certificate: that its digest begins
    /// as that of the file behind `input` does, and that it states no other.
    ///
    /// This catches mistakes, not forgers.
    pub fn check_without_certificate(&self, input: &Sha512State) -> Result<(), DoesNotVerify> {
        let config = self.supported_config(Document::Binary)?;
        self.check_stated_digest(config, input)?;
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

    pub(super) fn supported_config(
        &self,
        document: Document,
    ) -> Result<&SignatureConfig, DoesNotVerify> {
        let config = self.signature.config().ok_or(DoesNotVerify::Unsupported)?;
        let has_version = match config.version() {
            SignatureVersion::V4 => true,
            SignatureVersion::V6 => salt_of(config).is_some(),
            _ => false,
        };
        let supported = has_version
            && config.typ() == document.signature_type()
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

    /// Compares a digest that is stated in version 4. In version 6 `input` has seen a salt.
    fn check_stated_digest(
        &self,
        config: &SignatureConfig,
        input: &Sha512State,
    ) -> Result<(), DoesNotVerify> {
        if config.version() != SignatureVersion::V4 {
            return Ok(());
        }
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

/// The salt of a version 6 signature with SHA-512.
pub(super) fn salt_of(config: &SignatureConfig) -> Option<Salt> {
    match &config.version_specific {
        SignatureVersionSpecific::V6 { salt } => salt.as_slice().try_into().ok().map(Salt::new),
        _ => None,
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
