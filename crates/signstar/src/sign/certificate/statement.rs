//! What the holder of a key says about it: self-signatures over user IDs.

use std::{collections::BTreeMap, time::SystemTime};

use pgp::{
    crypto::hash::HashAlgorithm,
    packet::{
        self, Features, KeyFlags, Notation, RevocationCode, Signature, SignatureConfig,
        SignatureType, Subpacket, SubpacketData, UserId,
    },
    types::{Duration, KeyDetails, PacketHeaderVersion, Password, Tag, Timestamp},
};

use super::InvalidCertificate;
use crate::{
    request::AllegedName,
    sign::{Signer, raw::Remote},
};

/// The most octets of a user ID.
const MAX_OCTETS: usize = 255;

/// What a certificate says of its key, beside whose it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// When the key ends (RFC 9580 §5.2.3.13), to the second; never if nothing.
    pub expires: Option<SystemTime>,
    /// Notations for people and programs, `name@domain` and text (RFC 9580 §5.2.3.24).
    pub notations: BTreeMap<String, String>,
}

/// A user ID that nobody should have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no user ID: 1 to 255 octets without control characters and without spaces at its \
     ends, usually \"Name <user@domain>\""
)]
pub struct InvalidUserId(String);

/// The packet of a user ID that people can read as it is.
pub(super) fn user_id(text: &str) -> Result<UserId, InvalidCertificate> {
    let fits = (1..=MAX_OCTETS).contains(&text.len()) && text.trim() == text;
    if !fits || text.contains(AllegedName::is_deceptive) {
        return Err(InvalidUserId(text.to_owned()).into());
    }
    Ok(UserId::from_str(PacketHeaderVersion::New, text)?)
}

/// The mail address in a user ID like `Name <user@domain>`, or the whole if it is nothing else.
pub fn mail(user_id: &str) -> Option<&str> {
    let address = match user_id.strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<')?.1,
        None => user_id,
    };
    let (local, domain) = address.rsplit_once('@')?;
    let plain = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"/@".contains(c);
    let is_domain = crate::config::Domain::new(domain.to_ascii_lowercase()).is_ok();
    (!local.is_empty() && local.chars().all(plain) && is_domain).then_some(address)
}

/// Self-signatures of one moment with the same terms.
pub(super) struct Statement<'a> {
    primary: &'a packet::PublicKey,
    lifetime: Option<Duration>,
    notations: &'a BTreeMap<String, String>,
    at: Timestamp,
}

impl<'a> Statement<'a> {
    /// Says at the time `at` that `terms` hold for `primary`.
    pub(super) fn new(
        primary: &'a packet::PublicKey,
        terms: &'a Terms,
        at: Timestamp,
    ) -> Result<Self, InvalidCertificate> {
        let lifetime = terms.expires.map(|end| {
            let length = end.duration_since(primary.created_at().into()).ok()?;
            let is_ahead = end > SystemTime::from(at);
            let seconds = u32::try_from(length.as_secs()).ok()?;
            (is_ahead && seconds > 0).then(|| Duration::from_secs(seconds))
        });
        Ok(Self {
            primary,
            lifetime: match lifetime {
                Some(None) => return Err(InvalidCertificate::Expiry),
                Some(lifetime) => lifetime,
                None => None,
            },
            notations: &terms.notations,
            at,
        })
    }

    /// Binds a user ID to the key (RFC 9580 §5.2.1.7).
    pub(super) fn certify(
        &self,
        id: &UserId,
        is_primary: bool,
        signer: &dyn Signer,
    ) -> Result<Signature, InvalidCertificate> {
        let mut flags = KeyFlags::default();
        flags.set_certify(true);
        flags.set_sign(true);
        let mut features = Features::new();
        features.set_seipd_v1(true);

        let mut said = vec![
            Subpacket::critical(SubpacketData::KeyFlags(flags))?,
            Subpacket::regular(SubpacketData::Features(features))?,
            Subpacket::regular(SubpacketData::PreferredHashAlgorithms(
                [
                    HashAlgorithm::Sha512,
                    HashAlgorithm::Sha384,
                    HashAlgorithm::Sha256,
                ]
                .into_iter()
                .collect(),
            ))?,
        ];
        if let Some(lifetime) = self.lifetime {
            let lifetime = SubpacketData::KeyExpirationTime(lifetime);
            said.push(Subpacket::critical(lifetime)?);
        }
        for (name, value) in self.notations {
            said.push(Subpacket::regular(SubpacketData::Notation(Notation {
                readable: true,
                name: name.clone().into(),
                value: value.clone().into(),
            }))?);
        }
        if is_primary {
            said.push(Subpacket::regular(SubpacketData::IsPrimary(true))?);
        }
        self.sign(SignatureType::CertPositive, said, id, signer)
    }

    /// Takes a user ID back (RFC 9580 §5.2.1.14).
    pub(super) fn withdraw(
        &self,
        id: &UserId,
        signer: &dyn Signer,
    ) -> Result<Signature, InvalidCertificate> {
        let reason =
            SubpacketData::RevocationReason(RevocationCode::CertUserIdInvalid, Vec::new().into());
        let said = vec![Subpacket::regular(reason)?];
        self.sign(SignatureType::CertRevocation, said, id, signer)
    }

    fn sign(
        &self,
        kind: SignatureType,
        said: Vec<Subpacket>,
        id: &UserId,
        signer: &dyn Signer,
    ) -> Result<Signature, InvalidCertificate> {
        let config = config(self.primary, kind, said, self.at)?;
        let remote = Remote {
            public: self.primary,
            signer,
        };
        let no_password = Password::empty();
        let signature =
            config.sign_certification(&remote, self.primary, &no_password, Tag::UserId, id)?;
        // In a certificate with older statements, one that does not verify would go unnoticed.
        signature.verify_certification(self.primary, Tag::UserId, id)?;
        Ok(signature)
    }
}

/// A signature of version 4 by `primary` in which `said` stands.
pub(super) fn config(
    primary: &packet::PublicKey,
    kind: SignatureType,
    said: Vec<Subpacket>,
    at: Timestamp,
) -> Result<SignatureConfig, pgp::errors::Error> {
    let mut config = SignatureConfig::v4(kind, primary.algorithm(), HashAlgorithm::Sha512);
    config.hashed_subpackets = vec![
        Subpacket::critical(SubpacketData::SignatureCreationTime(at))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint()))?,
    ];
    config.hashed_subpackets.extend(said);
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(
        primary.legacy_key_id(),
    ))?];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::mail;

    #[test]
    fn the_address_is_found_where_there_is_one() {
        for (id, address) in [
            (
                "Example Packaging <packages@example.org>",
                Some("packages@example.org"),
            ),
            ("packages@Example.org", Some("packages@Example.org")),
            ("Example Packaging", None),
            ("Example <packages>", None),
            ("Example <@example.org>", None),
            ("Example <a b@example.org>", None),
            ("Example <../x@example.org>", None),
        ] {
            assert_eq!(mail(id), address, "{id}");
        }
    }
}
