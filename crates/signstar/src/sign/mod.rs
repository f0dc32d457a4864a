//! The signature itself: prepared here, made in the HSM, assembled and verified here.

mod armor;
mod certificate;
mod continued;
mod openpgp;
mod public_key;
mod raw;
mod recorded;

use std::collections::BTreeMap;

pub use certificate::{Certificate, InvalidCertificate};
pub use openpgp::{Detached, DoesNotVerify};
pub use public_key::{InvalidPublicKey, PublicKey};
pub use raw::{Message, Signer, SignerError};
pub(crate) use recorded::Facts;

use crate::{
    config::{Domain, KeyName},
    policy::Grant,
    refusal::{Code, Refused},
};

/// A key, its certificate, and what is stated in its signatures.
#[derive(Debug)]
pub struct SigningKey {
    certificate: Certificate,
    signer: Box<dyn Signer>,
    notations: Vec<(String, String)>,
    domain: Domain,
}

impl SigningKey {
    /// A key that signs with `signer` what verifies with `certificate`.
    ///
    /// Every signature has the notation `data-digest@DOMAIN` with the 64 octets of the SHA-512 of
    /// the file, and the further `notations` as names and text.
    pub fn new(
        certificate: Certificate,
        signer: Box<dyn Signer>,
        domain: Domain,
        notations: BTreeMap<String, String>,
    ) -> Self {
        Self {
            certificate,
            signer,
            notations: notations.into_iter().collect(),
            domain,
        }
    }

    /// What its signatures verify with.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// The keys that an enclave can sign with.
pub type Keyring = BTreeMap<KeyName, SigningKey>;

/// A signature that verifies with the certificate of its key, over what a grant allows.
///
/// Only [`Signed::make`] makes one:
///
/// ```compile_fail,E0451
/// # use signstar::{policy::Grant, sign::{Detached, Message, Signed}};
/// # fn skip(grant: Grant, detached: Detached, message: Message) -> Signed {
/// Signed { grant, detached, message, armored: String::new() }
/// # }
/// ```
///
/// and not without a grant:
///
/// ```compile_fail,E0308
/// # use signstar::{request::Request, refusal::Refused, sign::{Keyring, Signed}};
/// # fn skip(request: Request, keyring: &Keyring) -> Result<Signed, Refused> {
/// Signed::make(request, keyring)
/// # }
/// ```
#[derive(Debug)]
pub struct Signed {
    grant: Grant,
    detached: Detached,
    message: Message,
    armored: String,
}

impl Signed {
    /// Has the granted signature made, with one operation of the HSM, and verifies it.
    pub fn make(grant: Grant, keyring: &Keyring) -> Result<Self, Refused> {
        let key = keyring.get(grant.key()).ok_or_else(|| {
            Refused::new(Code::Misconfigured).because(format!("key {} is not open", grant.key()))
        })?;
        let input = grant.request().input();

        let prepared = openpgp::prepare(key, input, grant.at())
            .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
        let (message, raw) =
            raw::sign(&key.certificate, &*key.signer, prepared.digest()).map_err(|cause| {
                let code = match cause {
                    SignerError::Unavailable(_) => Code::HsmUnavailable,
                    SignerError::Denied(_) => Code::Misconfigured,
                    SignerError::Nonsense(_) => Code::SignatureInvalid,
                };
                Refused::new(code).because(cause)
            })?;
        let detached = prepared
            .assemble(raw)
            .map_err(|cause| Refused::new(Code::SignatureInvalid).because(cause))?;

        detached
            .verify(&key.certificate, input)
            .map_err(|cause| Refused::new(Code::SignatureInvalid).because(cause))?;
        let armored = detached
            .to_armored()
            .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
        Ok(Self {
            grant,
            detached,
            message,
            armored,
        })
    }

    /// What allowed it.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The signature packet.
    pub fn detached(&self) -> &Detached {
        &self.detached
    }

    /// What the HSM was given to sign.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The signature in ASCII armor.
    pub fn armored(&self) -> &str {
        &self.armored
    }
}
