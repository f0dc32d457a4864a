//! What a signature has to verify with.

use std::{fs::File, io::Read, path::Path};

use signstar::{
    request::Sha512State,
    sign::{Certificate, Detached, Document, DoesNotVerify},
};

use crate::Error;

/// One more octet than a certificate may have, so that a longer one is refused and not cut.
const MAX_READ: u64 = (1 << 20) + 1;

/// What a signature has to verify with.
#[derive(Clone, Debug)]
pub enum Trust {
    /// This certificate, and no other.
    Certificate(Box<Certificate>),
    /// Nothing: only mistakes are noticed, not forgeries.
    Unchecked,
}

impl Trust {
    /// Trusts the OpenPGP certificate in the file at `path`, binary or in ASCII armor.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut octets = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_READ).read_to_end(&mut octets))
            .map_err(|source| Error::read(path, source))?;
        let certificate = Certificate::parse(&octets).map_err(|source| Error::Certificate {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::Certificate(Box::new(certificate)))
    }

    /// Checks that `signature` is one over the file behind `state`.
    pub fn check(&self, signature: &Detached, state: &Sha512State) -> Result<(), DoesNotVerify> {
        self.check_as(Document::Binary, signature, state)
    }

    /// Checks that `signature` is one over the `document` behind `state`.
    pub(crate) fn check_as(
        &self,
        document: Document,
        signature: &Detached,
        state: &Sha512State,
    ) -> Result<(), DoesNotVerify> {
        match self {
            Self::Certificate(certificate) => signature.verify_as(document, certificate, state),
            Self::Unchecked => signature.check_without_certificate(state),
        }
    }
}
