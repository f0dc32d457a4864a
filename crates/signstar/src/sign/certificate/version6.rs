//! A certificate of version 6: its properties stand in a signature over the key itself
//! (RFC 9580 §10.1.1).

use std::time::SystemTime;

use pgp::{
    composed::{SignedKeyDetails, SignedPublicKey},
    crypto::hash::HashAlgorithm,
    packet::{
        self, Features, KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket,
        SubpacketData,
    },
    types::{KeyDetails, Password, SignedUser, Tag, Timestamp},
};

use super::{Certificate, InvalidCertificate, is_strong, newest, statement};
use crate::{
    request::Salt,
    sign::{PublicKey, Signer, raw::Remote},
};

impl Certificate {
    /// Makes the certificate of version 6 of a key in an HSM: a primary key that certifies and
    /// signs, created at `created`, which does not expire, with `user_ids`, perhaps none.
    ///
    /// Uses one operation of `signer` and one salt from `random` for the key and for each user
    /// ID, and verifies the outcome. The salts are not secret, but nobody may know them before.
    pub fn issue_v6(
        public_key: &PublicKey,
        user_ids: &[&str],
        created: SystemTime,
        random: &mut dyn FnMut() -> Salt,
        signer: &dyn Signer,
    ) -> Result<Self, InvalidCertificate> {
        let created = Timestamp::try_from(created)?;
        let primary = public_key.to_packet_v6(created)?;
        let remote = Remote {
            public: &primary,
            signer,
        };
        let password = Password::empty();
        let direct = config(
            &primary,
            SignatureType::Key,
            properties()?,
            created,
            &random(),
        )?
        .sign_key(&remote, &password, &primary)?;
        let mut users = Vec::new();
        for (index, user_id) in user_ids.iter().enumerate() {
            let id = statement::user_id(user_id)?;
            let said = match index {
                0 => vec![Subpacket::regular(SubpacketData::IsPrimary(true))?],
                _ => Vec::new(),
            };
            let kind = SignatureType::CertPositive;
            let signature = config(&primary, kind, said, created, &random())?.sign_certification(
                &remote,
                &primary,
                &password,
                Tag::UserId,
                &id,
            )?;
            signature.verify_certification(&primary, Tag::UserId, &id)?;
            users.push(SignedUser::new(id, vec![signature]));
        }
        let details = SignedKeyDetails::new(Vec::new(), vec![direct], users, Vec::new());
        Self::check(SignedPublicKey::new(primary, details, Vec::new()))
    }
}

/// The newest valid signature of the primary key over itself.
pub(super) fn binding(inner: &SignedPublicKey) -> Option<&Signature> {
    newest(inner.details.direct_signatures.iter().filter(|signature| {
        signature.typ() == Some(SignatureType::Key)
            && is_strong(signature)
            && signature.verify_key(&inner.primary_key).is_ok()
    }))
}

/// What the key is for.
fn properties() -> Result<Vec<Subpacket>, pgp::errors::Error> {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut features = Features::new();
    features.set_seipd_v1(true);
    features.set_seipd_v2(true);
    let hashes = [
        HashAlgorithm::Sha512,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha256,
    ];
    Ok(vec![
        Subpacket::critical(SubpacketData::KeyFlags(flags))?,
        Subpacket::regular(SubpacketData::Features(features))?,
        Subpacket::regular(SubpacketData::PreferredHashAlgorithms(
            hashes.into_iter().collect(),
        ))?,
    ])
}

/// A signature of version 6 by `primary` in which `said` stands.
fn config(
    primary: &packet::PublicKey,
    kind: SignatureType,
    said: Vec<Subpacket>,
    at: Timestamp,
    salt: &Salt,
) -> Result<SignatureConfig, pgp::errors::Error> {
    let hash = HashAlgorithm::Sha512;
    let salt = salt.as_octets().to_vec();
    let mut config = SignatureConfig::v6_with_salt(kind, primary.algorithm(), hash, salt);
    config.hashed_subpackets = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(at))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint()))?,
    ];
    config.hashed_subpackets.extend(said);
    Ok(config)
}
