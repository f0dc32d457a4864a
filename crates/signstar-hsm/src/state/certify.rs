//! The certificates of keys.

use std::{thread::sleep, time::Duration, time::SystemTime};

use jiff::Timestamp;
use nethsm::{
    client::{Client, Error as DeviceError},
    id::UserId,
};
use signstar::sign::{Certificate, InvalidCertificate, PublicKey, Renewal, Terms};

use super::{Access, AccessError, KeyPath};
use crate::nethsm::{NetHsmKey, public_key};

/// What is new has to be younger, and OpenPGP counts in seconds.
const NEXT_SECOND: Duration = Duration::from_millis(1001);

/// What a certificate is to say.
pub(super) struct Words<'a> {
    user_ids: &'a [String],
    expires: Option<Timestamp>,
}

impl<'a> Words<'a> {
    pub(super) fn new(user_ids: &'a [String], expires: Option<Timestamp>) -> Self {
        Self { user_ids, expires }
    }

    fn end(&self) -> Option<SystemTime> {
        self.expires.map(SystemTime::from)
    }
}

/// When a certificate ends.
pub(super) fn end(certificate: &Certificate) -> Option<Timestamp> {
    Timestamp::try_from(certificate.expires()?).ok()
}

impl Access<'_> {
    /// Puts a certificate into an empty slot: the one that is kept, else a new one. That is kept
    /// before the device has it: if that is never told, the fingerprint is the same the next time.
    pub(super) fn certify(
        &self,
        client: &Client,
        path: &KeyPath,
        words: &Words<'_>,
        by: &UserId,
    ) -> Result<(), AccessError> {
        let operator = self.user(client, by)?;
        let public = public_half(&operator, path)?;
        let certificate = match self.kept(path, &public)? {
            Some(kept) => kept,
            None => {
                let signer = NetHsmKey::new(operator, path.id.clone());
                let ids: Vec<_> = words.user_ids.iter().map(String::as_str).collect();
                let terms = Terms {
                    expires: words.end(),
                    ..Terms::default()
                };
                Certificate::issue_with(&public, &ids, &terms, SystemTime::now(), &signer)
                    .map_err(AccessError::certificate(path))?
            }
        };
        let octets = self.keep(path, &certificate)?;
        self.manager(client, path.namespace.as_ref())?
            .put_certificate(&path.id, octets)?;
        Ok(())
    }

    /// Has the certificate in the slot say something new. That is kept before the slot is emptied
    /// and filled again: a slot found empty gets it then.
    pub(super) fn renew(
        &self,
        client: &Client,
        path: &KeyPath,
        words: &Words<'_>,
        by: &UserId,
    ) -> Result<(), AccessError> {
        let manager = self.manager(client, path.namespace.as_ref())?;
        let operator = self.user(client, by)?;
        let public = public_half(&operator, path)?;
        let has_all = |certificate: &Certificate| {
            let bound: Vec<_> = certificate.bound_user_ids().collect();
            let mut ids = words.user_ids.iter();
            end(certificate) == words.expires
                && bound.len() == words.user_ids.len()
                && ids.all(|id| bound.contains(&id.as_str()))
        };
        let certificate = match self.kept(path, &public)?.filter(has_all) {
            Some(kept) => kept,
            None => {
                let octets = manager.certificate(&path.id)?;
                let found = Certificate::parse(&octets).map_err(AccessError::certificate(path))?;
                let signer = NetHsmKey::new(operator, path.id.clone());
                renewed(&found, words, &signer).map_err(AccessError::certificate(path))?
            }
        };
        let octets = self.keep(path, &certificate)?;
        match manager.delete_certificate(&path.id) {
            Ok(()) | Err(DeviceError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        manager.put_certificate(&path.id, octets)?;
        Ok(())
    }

    /// Copies the certificate in the slot to this host.
    pub(super) fn keep_certificate(
        &self,
        client: &Client,
        path: &KeyPath,
    ) -> Result<(), AccessError> {
        let manager = self.manager(client, path.namespace.as_ref())?;
        let octets = manager.certificate(&path.id)?;
        let found = Certificate::parse(&octets).map_err(AccessError::certificate(path))?;
        self.keep(path, &found).map(drop)
    }

    /// The certificate that is kept, if it is one of this key.
    fn kept(&self, path: &KeyPath, of: &PublicKey) -> Result<Option<Certificate>, AccessError> {
        let octets = self.certificates.load(path);
        let octets = octets.map_err(AccessError::certificate(path))?;
        let kept = octets.and_then(|octets| Certificate::parse(&octets).ok());
        Ok(kept.filter(|kept| kept.public_key().as_ref() == Some(of)))
    }

    /// Keeps a certificate and returns its octets.
    fn keep(&self, path: &KeyPath, certificate: &Certificate) -> Result<Vec<u8>, AccessError> {
        let octets = certificate.to_octets();
        let octets = octets.map_err(AccessError::certificate(path))?;
        let kept = self.certificates.save(path, &octets);
        kept.map_err(AccessError::certificate(path))?;
        Ok(octets)
    }
}

fn public_half(operator: &Client, path: &KeyPath) -> Result<PublicKey, AccessError> {
    let key = operator.key(&path.id)?;
    public_key(key).ok_or_else(|| AccessError::certificate(path)("such a key signs no certificate"))
}

fn renewed(
    found: &Certificate,
    words: &Words<'_>,
    signer: &NetHsmKey,
) -> Result<Certificate, InvalidCertificate> {
    let bound: Vec<_> = found.bound_user_ids().collect();
    let wanted: Vec<_> = words.user_ids.iter().map(String::as_str).collect();
    let lacks = |all: &[&str], id: &&str| !all.contains(id);
    let add: Vec<_> = (wanted.iter().copied())
        .filter(|id| lacks(&bound, id))
        .collect();
    let drop: Vec<_> = (bound.iter().copied())
        .filter(|id| lacks(&wanted, id))
        .collect();
    let renewal = Renewal {
        add: &add,
        drop: &drop,
        terms: Terms {
            expires: words.end(),
            ..Renewal::terms_of(found)
        },
    };
    match found.renew(&renewal, SystemTime::now(), signer) {
        Err(InvalidCertificate::NotNewer) => {
            sleep(NEXT_SECOND);
            found.renew(&renewal, SystemTime::now(), signer)
        }
        done => done,
    }
}
