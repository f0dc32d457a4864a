//! An OpenPGP certificate of version 4 or 6: a public key and what its holder says about it.

mod renewal;
mod revocation;
mod statement;
mod tree;
mod version6;

use std::time::{Duration, SystemTime};

use pgp::{
    armor::BlockType,
    composed::{ArmorOptions, Deserializable, SignedKeyDetails, SignedPublicKey},
    crypto::{hash::HashAlgorithm, public_key::PublicKeyAlgorithm},
    packet::{self, Signature, SignatureType},
    ser::Serialize,
    types::{
        Fingerprint, KeyDetails, KeyVersion, SignatureBytes, SignedUser, Tag, Timestamp,
        TimestampError,
    },
};

pub use renewal::Renewal;
pub use revocation::{InvalidRevocation, Reason, Revocation};
pub use statement::{InvalidUserId, Terms, mail};
pub use tree::{FileTree, NoTree};

use self::statement::Statement;
use super::{InvalidPublicKey, NotByThisKey, PublicKey, Signer, armor, raw};

/// The longest certificate that is read, in octets (1 MiB: the certificate slot of a NetHSM).
const MAX_OCTETS: usize = 1 << 20;

/// A certificate whose primary key vouches for it: in version 4 by at least one user ID, in
/// version 6 by a signature over the key itself.
#[derive(Clone, Debug)]
pub struct Certificate {
    inner: SignedPublicKey,
    expires: Option<SystemTime>,
    primary_signs: bool,
}

/// A key of a certificate that may make signatures over data.
pub(super) struct SigningComponent<'a> {
    key: Component<'a>,
    expires: Option<SystemTime>,
}

enum Component<'a> {
    Primary(&'a packet::PublicKey),
    Subkey(&'a packet::PublicSubkey),
}

/// Octets that are not a certificate to verify signatures with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificate {
    /// Not exactly one OpenPGP certificate of at most 1 MiB.
    #[error("not one OpenPGP certificate: {0}")]
    Malformed(String),
    /// Neither of version 4 nor of version 6.
    #[error("not a certificate of version 4 or 6")]
    Version,
    /// No user ID, or in version 6 not the key, has a valid self-signature.
    #[error("no user ID or, in version 6, not the key has a valid self-signature")]
    Unbound,
    /// Its holder has revoked it.
    #[error("revoked by its holder")]
    Revoked,
    /// No key in it may sign data.
    #[error("no key in it may sign data")]
    NoSigningKey,
    /// The public key is not one to sign with.
    #[error(transparent)]
    PublicKey(#[from] InvalidPublicKey),
    /// The time of creation cannot be expressed.
    #[error("the time of creation is out of range")]
    Clock(#[from] TimestampError),
    /// A user ID that nobody should have.
    #[error(transparent)]
    UserId(#[from] InvalidUserId),
    /// It would end before it begins, or after the year 2106.
    #[error("it would end before it begins, or later than OpenPGP can say")]
    Expiry,
    /// A renewal has to be younger than what it renews.
    #[error("it was last renewed at a later time than this")]
    NotNewer,
    /// Those of version 6 are made anew: what is said in them is said in another place.
    #[error("a certificate of version 6 cannot be {0} here")]
    Version6(&'static str),
    /// A user ID to be dropped that is not there, or one to be added that is.
    #[error("the user ID {0:?} is {1}")]
    Unexpected(String, &'static str),
    /// The certificate could not be made.
    #[error("the certificate could not be made")]
    Issue(#[from] pgp::errors::Error),
}

impl Certificate {
    /// Reads one certificate, binary or in ASCII armor.
    ///
    /// Certifications by others are kept and not looked at.
    pub fn parse(octets: &[u8]) -> Result<Self, InvalidCertificate> {
        Self::check(read(octets)?)
    }

    /// The ASCII armor of one certificate as it is to be published: it may be revoked, and then
    /// others have to hear of it. Nothing but a certificate gets through, whatever its file is.
    pub fn armor(octets: &[u8]) -> Result<String, InvalidCertificate> {
        Ok(read(octets)?.to_armored_string(ArmorOptions::default())?)
    }

    /// Makes the certificate of a key in an HSM: a primary key that certifies and signs, created
    /// at `created`, which does not expire, with `user_ids` of which the first is the primary one.
    ///
    /// Uses one operation of `signer` for each user ID and verifies the outcome.
    pub fn issue(
        public_key: &PublicKey,
        user_ids: &[&str],
        created: SystemTime,
        signer: &dyn Signer,
    ) -> Result<Self, InvalidCertificate> {
        Self::issue_with(public_key, user_ids, &Terms::default(), created, signer)
    }

    /// The same with an end or with notations.
    pub fn issue_with(
        public_key: &PublicKey,
        user_ids: &[&str],
        terms: &Terms,
        created: SystemTime,
        signer: &dyn Signer,
    ) -> Result<Self, InvalidCertificate> {
        let created = Timestamp::try_from(created)?;
        let primary = public_key.to_packet(created)?;
        let statement = Statement::new(&primary, terms, created)?;
        let mut users = Vec::new();
        for (index, user_id) in user_ids.iter().enumerate() {
            let id = statement::user_id(user_id)?;
            let signature = statement.certify(&id, index == 0, signer)?;
            users.push(SignedUser::new(id, vec![signature]));
        }
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new());
        Self::check(SignedPublicKey::new(primary, details, Vec::new()))
    }

    pub(super) fn check(inner: SignedPublicKey) -> Result<Self, InvalidCertificate> {
        let primary = &inner.primary_key;
        if !matches!(primary.version(), KeyVersion::V4 | KeyVersion::V6) {
            return Err(InvalidCertificate::Version);
        }
        let is_revoked = |signature: &Signature| signature.verify_key(primary).is_ok();
        if inner.details.revocation_signatures.iter().any(is_revoked) {
            return Err(InvalidCertificate::Revoked);
        }
        let newest = newest_binding(&inner).ok_or(InvalidCertificate::Unbound)?;
        let certificate = Self {
            expires: expiry(primary.created_at(), newest),
            primary_signs: newest.key_flags().sign(),
            inner,
        };
        if certificate.signing_keys().next().is_none() {
            return Err(InvalidCertificate::NoSigningKey);
        }
        Ok(certificate)
    }

    /// The fingerprint of the primary key in lower-case hexadecimal: 40 digits in version 4, 64 in
    /// version 6.
    pub fn fingerprint(&self) -> String {
        self.inner.primary_key.fingerprint().to_string()
    }

    /// The user IDs in their order, those that are UTF-8.
    pub fn user_ids(&self) -> impl Iterator<Item = &str> {
        self.inner
            .details
            .users
            .iter()
            .filter_map(|user| user.id.as_str())
    }

    /// When it was made, which is part of its fingerprint.
    pub fn created(&self) -> SystemTime {
        self.inner.primary_key.created_at().into()
    }

    /// When its primary key ends, if ever.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The certificate in binary form.
    pub fn to_octets(&self) -> Result<Vec<u8>, pgp::errors::Error> {
        self.inner.to_bytes()
    }

    /// The certificate in ASCII armor.
    pub fn to_armored(&self) -> Result<String, pgp::errors::Error> {
        self.inner.to_armored_string(ArmorOptions::default())
    }

    /// Whether it is of version 6 (else of version 4).
    pub fn is_v6(&self) -> bool {
        self.inner.primary_key.version() == KeyVersion::V6
    }

    /// The public half of its primary key, if that is of a kind that signs here.
    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::of_params(self.inner.primary_key.public_params())
    }

    pub(super) fn primary(&self) -> &packet::PublicKey {
        &self.inner.primary_key
    }

    /// The key with this fingerprint, if it may sign data.
    pub(super) fn key(&self, fingerprint: &Fingerprint) -> Option<SigningComponent<'_>> {
        self.signing_keys()
            .find(|component| component.fingerprint() == *fingerprint)
    }

    fn signing_keys(&self) -> impl Iterator<Item = SigningComponent<'_>> {
        let primary = self.primary_signs.then_some(SigningComponent {
            key: Component::Primary(&self.inner.primary_key),
            expires: self.expires,
        });
        let subkeys = self.inner.public_subkeys.iter().filter_map(|subkey| {
            subkey.verify_bindings(&self.inner.primary_key).ok()?;
            let binding = newest(subkey.signatures.iter()).filter(|binding| is_strong(binding))?;
            let revoked = (subkey.signatures.iter())
                .any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation));
            let signs = binding.key_flags().sign() && !revoked;
            let own = expiry(subkey.key.created_at(), binding);
            signs.then(|| SigningComponent {
                key: Component::Subkey(&subkey.key),
                expires: own.into_iter().chain(self.expires).min(),
            })
        });
        primary.into_iter().chain(subkeys)
    }
}

impl SigningComponent<'_> {
    pub(super) fn algorithm(&self) -> PublicKeyAlgorithm {
        match self.key {
            Component::Primary(key) => key.algorithm(),
            Component::Subkey(key) => key.algorithm(),
        }
    }

    pub(super) fn version(&self) -> KeyVersion {
        match self.key {
            Component::Primary(key) => key.version(),
            Component::Subkey(key) => key.version(),
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        match self.key {
            Component::Primary(key) => key.fingerprint(),
            Component::Subkey(key) => key.fingerprint(),
        }
    }

    /// Whether a signature may have been made at `at`.
    pub(super) fn is_valid_at(&self, at: Timestamp) -> bool {
        let created = match self.key {
            Component::Primary(key) => key.created_at(),
            Component::Subkey(key) => key.created_at(),
        };
        created <= at && self.expires.is_none_or(|end| SystemTime::from(at) < end)
    }

    /// Checks that this key made `signature` over `digest`, a SHA-512.
    pub(super) fn verify(
        &self,
        digest: &[u8],
        signature: &SignatureBytes,
    ) -> Result<(), NotByThisKey> {
        let params = match self.key {
            Component::Primary(key) => key.public_params(),
            Component::Subkey(key) => key.public_params(),
        };
        raw::verify(params, digest, signature)
    }
}

/// The packets of one certificate, binary or in ASCII armor. What they say is not looked at.
fn read(octets: &[u8]) -> Result<SignedPublicKey, InvalidCertificate> {
    let malformed = |error: pgp::errors::Error| InvalidCertificate::Malformed(error.to_string());
    if octets.len() > MAX_OCTETS {
        return Err(InvalidCertificate::Malformed("over 1 MiB".to_owned()));
    }
    let armored = octets.trim_ascii_start().starts_with(b"-----BEGIN");
    let dearmored;
    let octets = if armored {
        dearmored = armor::read(octets, BlockType::PublicKey).map_err(malformed)?;
        &*dearmored
    } else {
        octets
    };
    let mut all = SignedPublicKey::from_bytes_many(octets).map_err(malformed)?;
    match (all.next(), all.next()) {
        (Some(Ok(inner)), None) => Ok(inner),
        (Some(Err(error)), _) => Err(malformed(error)),
        (None, _) => Err(InvalidCertificate::Malformed("no packet".to_owned())),
        (Some(Ok(_)), Some(_)) => Err(InvalidCertificate::Malformed("more than one".to_owned())),
    }
}

/// The newest valid self-signature over a user ID that its holder has not revoked.
fn newest_binding(inner: &SignedPublicKey) -> Option<&Signature> {
    if inner.primary_key.version() == KeyVersion::V6 {
        return version6::binding(inner);
    }
    let users = inner.details.users.iter();
    newest(users.filter_map(|user| binding(&inner.primary_key, user)))
}

/// The newest valid self-signature over this user ID, unless that one is a revocation.
fn binding<'a>(primary: &packet::PublicKey, user: &'a SignedUser) -> Option<&'a Signature> {
    let own = user.signatures.iter().filter(|signature| {
        is_strong(signature)
            && signature
                .verify_certification(primary, Tag::UserId, &user.id)
                .is_ok()
    });
    newest(own).filter(|own| own.typ() != Some(SignatureType::CertRevocation))
}

/// Collisions of the older hash algorithms can be had for money (RFC 9580 §9.5).
fn is_strong(signature: &Signature) -> bool {
    !matches!(
        signature.hash_alg(),
        None | Some(HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
    )
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

/// When a key of that age ends, as its binding has it.
fn expiry(created: Timestamp, binding: &Signature) -> Option<SystemTime> {
    let lifetime = Duration::from(binding.key_expiration_time()?);
    (!lifetime.is_zero()).then(|| SystemTime::from(created) + lifetime)
}
