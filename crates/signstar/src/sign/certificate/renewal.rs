//! A certificate that says something new about the same key.

use std::time::SystemTime;

use pgp::types::{SignedUser, Timestamp};

use super::{Certificate, InvalidCertificate, Statement, Terms, binding, statement};
use crate::sign::Signer;

/// What changes in a certificate. Its key, and so its fingerprint, stays.
#[derive(Clone, Debug, Default)]
pub struct Renewal<'a> {
    /// What holds from now on, in place of all that was said before.
    pub terms: Terms,
    /// User IDs that come to those that are there.
    pub add: &'a [&'a str],
    /// User IDs that are taken back. They stay in the certificate, as revoked ones.
    pub drop: &'a [&'a str],
}

impl Certificate {
    /// Says something new about the same key at the time `at`: a new self-signature over every
    /// user ID that stays or comes, a revocation over every one that goes. What was said before,
    /// and what others certified, is kept.
    ///
    /// Uses one operation of `signer` for each user ID and verifies the outcome. Fails if no user
    /// ID would be left, if `at` is not after the last time, since then the older statement would
    /// win, and for a certificate of version 6, where most of this stands elsewhere
    /// (RFC 9580 §10.1.1).
    pub fn renew(
        &self,
        renewal: &Renewal<'_>,
        at: SystemTime,
        signer: &dyn Signer,
    ) -> Result<Self, InvalidCertificate> {
        if self.is_v6() {
            return Err(InvalidCertificate::Version6("renewed"));
        }
        let at = Timestamp::try_from(at)?;
        let mut inner = self.inner.clone();
        let primary = &self.inner.primary_key;
        let statement = Statement::new(primary, &renewal.terms, at)?;
        self.check_names(renewal)?;

        let mut is_first = true;
        for user in &mut inner.details.users {
            let Some(bound) = binding(primary, user) else {
                continue;
            };
            if bound.created().is_none_or(|last| last >= at) {
                return Err(InvalidCertificate::NotNewer);
            }
            let goes = user
                .id
                .as_str()
                .is_some_and(|id| renewal.drop.contains(&id));
            let signature = if goes {
                statement.withdraw(&user.id, signer)?
            } else {
                statement.certify(&user.id, std::mem::take(&mut is_first), signer)?
            };
            user.signatures.push(signature);
        }
        for user_id in renewal.add {
            let id = statement::user_id(user_id)?;
            let signature = statement.certify(&id, std::mem::take(&mut is_first), signer)?;
            inner
                .details
                .users
                .push(SignedUser::new(id, vec![signature]));
        }
        Self::check(inner)
    }

    /// The user IDs that hold, in their order, those that are UTF-8.
    pub fn bound_user_ids(&self) -> impl Iterator<Item = &str> {
        let users = self.inner.details.users.iter();
        users
            .filter(|user| binding(&self.inner.primary_key, user).is_some())
            .filter_map(|user| user.id.as_str())
    }

    fn check_names(&self, renewal: &Renewal<'_>) -> Result<(), InvalidCertificate> {
        let unexpected =
            |id: &&str, what| Err(InvalidCertificate::Unexpected((*id).to_owned(), what));
        let is_bound = |id: &&str| self.bound_user_ids().any(|bound| bound == *id);
        if let Some(id) = renewal.drop.iter().find(|id| !is_bound(id)) {
            return unexpected(id, "not there");
        }
        // One that was taken back stays so: verifiers differ about who comes back.
        match renewal
            .add
            .iter()
            .find(|id| self.user_ids().any(|known| known == **id))
        {
            Some(id) => unexpected(id, "there already"),
            None => Ok(()),
        }
    }
}

impl Renewal<'_> {
    /// The terms as they are, to be changed in part.
    pub fn terms_of(certificate: &Certificate) -> Terms {
        let newest = super::newest_binding(&certificate.inner);
        let notations = newest
            .map(pgp::packet::Signature::notations)
            .unwrap_or_default();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Terms {
            expires: certificate.expires,
            notations: notations
                .into_iter()
                .filter(|notation| notation.readable)
                .map(|notation| (text(&notation.name), text(&notation.value)))
                .collect(),
        }
    }
}
