//! What a grant becomes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Detached, SignerError, SigningKey, openpgp, raw};
use crate::{
    policy::Grant,
    refusal::{Code, Refused},
    request::{Input, Output, Salt, Salts, Sha512State},
};

/// What a client gets.
#[derive(Clone, Debug)]
pub enum Product {
    /// A detached OpenPGP signature.
    OpenPgp(Box<Detached>),
    /// A salt for an OpenPGP signature of version 6.
    Salt(Salt),
}

impl Product {
    /// Makes what `grant` allows with `key`, and verifies it.
    pub(super) fn make(grant: &Grant, key: &SigningKey, salts: &Salts) -> Result<Self, Refused> {
        let request = grant.request();
        match (request.output(), request.input()) {
            (Output::OpenPgpV4, Input::State(state)) => {
                open_pgp(grant, key, state).map(|made| Self::OpenPgp(Box::new(made)))
            }
            (Output::OpenPgpV6Salt, _) => salts.issue().map(Self::Salt),
            _ => Err(Refused::new(Code::Misconfigured).because("the key does not make that")),
        }
    }

    /// The text that stands in a response.
    pub fn to_text(&self) -> Result<String, pgp::errors::Error> {
        match self {
            Self::OpenPgp(detached) => detached.to_armored(),
            Self::Salt(salt) => Ok(STANDARD.encode(salt.as_octets())),
        }
    }
}

/// An OpenPGP signature over the file behind `state`.
fn open_pgp(grant: &Grant, key: &SigningKey, state: &Sha512State) -> Result<Detached, Refused> {
    let prepared = openpgp::prepare(key, state, grant.at())
        .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
    let raw = raw::sign(&key.certificate, &*key.signer, prepared.digest()).map_err(no_signature)?;
    let withhold =
        |cause: super::DoesNotVerify| Refused::new(Code::SignatureInvalid).because(cause);
    let detached = prepared
        .assemble(raw)
        .map_err(|cause| Refused::new(Code::SignatureInvalid).because(cause))?;
    detached.verify(&key.certificate, state).map_err(withhold)?;
    Ok(detached)
}

/// What the trouble of an HSM means for a client.
fn no_signature(error: SignerError) -> Refused {
    let code = match error {
        SignerError::Unavailable(_) => Code::HsmUnavailable,
        SignerError::Denied(_) => Code::Misconfigured,
        SignerError::Nonsense(_) => Code::SignatureInvalid,
    };
    Refused::new(code).because(error)
}
