//! A key, and all that its signatures say and verify with.

use std::collections::BTreeMap;

use super::{Certificate, PublicKey, Signer};
use crate::config::{Domain, Mechanism, SshNamespace};

/// A key, its certificates, and what is stated in its signatures.
#[derive(Debug)]
pub struct SigningKey {
    pub(super) signer: Box<dyn Signer>,
    pub(super) public_key: Option<PublicKey>,
    pub(super) certificate: Option<Certificate>,
    pub(super) certificate_v6: Option<Certificate>,
    pub(super) ssh_namespace: Option<SshNamespace>,
    pub(super) raw: Option<Mechanism>,
    pub(super) statements: Statements,
}

/// What stands in every OpenPGP signature of a key.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) domain: Domain,
    pub(super) notations: Vec<(String, String)>,
    pub(super) signer_user_id: Option<String>,
}

/// Parts of a key that do not belong together.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Mismatch {
    /// Two certificates of one version.
    #[error("the key has a certificate of this version already")]
    SameVersion,
    /// The certificate is that of another key.
    #[error("the certificate {0} is that of another key")]
    OtherKey(String),
    /// Its public half is not known, or of a kind that does not make such signatures.
    #[error("a key of this kind does not make such signatures")]
    Kind,
    /// The signer's user ID does not stand in the certificate.
    #[error("the certificate {0} has no such user ID")]
    NoSuchUserId(String),
    /// Whoever chooses raw digests could have any other signature made.
    #[error("a key that signs raw digests can be used for nothing else")]
    RawAndMore,
}

impl SigningKey {
    /// A key that signs with `signer` what verifies with `certificate`, of either version.
    ///
    /// Every signature of version 4 has the notation `data-digest@DOMAIN` with the 64 octets of
    /// the SHA-512 of the file; every one of both versions has the further `notations` as names
    /// and text.
    pub fn new(
        certificate: Certificate,
        signer: Box<dyn Signer>,
        domain: Domain,
        notations: BTreeMap<String, String>,
    ) -> Self {
        let public_key = certificate.public_key();
        let (certificate, certificate_v6) = if certificate.is_v6() {
            (None, Some(certificate))
        } else {
            (Some(certificate), None)
        };
        let mut key = Self::bare(signer, public_key, domain);
        key.statements.notations = notations.into_iter().collect();
        Self {
            certificate,
            certificate_v6,
            ..key
        }
    }

    /// A key without certificate, for SSH or raw signatures.
    pub fn without_certificate(
        public_key: PublicKey,
        signer: Box<dyn Signer>,
        domain: Domain,
    ) -> Self {
        Self::bare(signer, Some(public_key), domain)
    }

    fn bare(signer: Box<dyn Signer>, public_key: Option<PublicKey>, domain: Domain) -> Self {
        Self {
            signer,
            public_key,
            certificate: None,
            certificate_v6: None,
            ssh_namespace: None,
            raw: None,
            statements: Statements {
                domain,
                notations: Vec::new(),
                signer_user_id: None,
            },
        }
    }

    /// The same key with a further certificate, of the other version.
    pub fn with_certificate(mut self, certificate: Certificate) -> Result<Self, Mismatch> {
        self.refuse_raw()?;
        let public_key = certificate.public_key().ok_or(Mismatch::Kind)?;
        let same = |known: &PublicKey| known.to_ssh() == public_key.to_ssh();
        if !self.public_key.as_ref().is_some_and(same) {
            return Err(Mismatch::OtherKey(certificate.fingerprint()));
        }
        let place = if certificate.is_v6() {
            &mut self.certificate_v6
        } else {
            &mut self.certificate
        };
        match place.replace(certificate) {
            None => Ok(self),
            Some(_) => Err(Mismatch::SameVersion),
        }
    }

    /// The same with this user ID stated in every OpenPGP signature (RFC 9580 §5.2.3.30).
    pub fn with_signer_user_id(mut self, user_id: String) -> Result<Self, Mismatch> {
        for certificate in self.certificates() {
            if !certificate.bound_user_ids().any(|bound| bound == user_id) {
                return Err(Mismatch::NoSuchUserId(certificate.fingerprint()));
            }
        }
        self.statements.signer_user_id = Some(user_id);
        Ok(self)
    }

    /// The same for SSH signatures, all with this namespace.
    pub fn with_ssh_namespace(mut self, namespace: SshNamespace) -> Result<Self, Mismatch> {
        self.refuse_raw()?;
        if self.public_key.is_none() {
            return Err(Mismatch::Kind);
        }
        self.ssh_namespace = Some(namespace);
        Ok(self)
    }

    /// The same for raw signatures, all made in this way, and for nothing else.
    pub fn with_raw(mut self, mechanism: Mechanism) -> Result<Self, Mismatch> {
        if self.ssh_namespace.is_some() || self.certificates().next().is_some() {
            return Err(Mismatch::RawAndMore);
        }
        if !(self.public_key.as_ref()).is_some_and(|key| mechanism.is_for(key)) {
            return Err(Mismatch::Kind);
        }
        self.raw = Some(mechanism);
        Ok(self)
    }

    fn refuse_raw(&self) -> Result<(), Mismatch> {
        match self.raw {
            None => Ok(()),
            Some(_) => Err(Mismatch::RawAndMore),
        }
    }

    /// What its OpenPGP signatures verify with, version 4 first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificate.iter().chain(&self.certificate_v6)
    }

    /// Its public half, if it is of a kind that makes SSH and raw signatures.
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// The namespace of its SSH signatures.
    pub fn ssh_namespace(&self) -> Option<&SshNamespace> {
        self.ssh_namespace.as_ref()
    }

    /// How it signs raw digests.
    pub fn raw(&self) -> Option<Mechanism> {
        self.raw
    }
}
