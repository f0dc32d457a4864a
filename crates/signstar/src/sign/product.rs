//! What a grant becomes.

use data_encoding::BASE64;

use super::{
    Certificate, Detached, PublicKey, RawSignature, SignerError, SigningKey, SshSignature, openpgp,
    raw,
};
use crate::{
    policy::Grant,
    refusal::{Code, Refused},
    request::{Digest, Input, Output, Salt, Salts, Sha512State},
};

/// What a client gets.
#[derive(Clone, Debug)]
pub enum Product {
    /// A detached OpenPGP signature of version 4 or 6.
    OpenPgp(Box<Detached>),
    /// A salt for an OpenPGP signature of version 6.
    Salt(Salt),
    /// An SSH signature.
    Ssh(SshSignature),
    /// A bare signature.
    Raw(RawSignature),
}

impl Product {
    /// Makes what `grant` allows with `key`, and verifies it.
    pub(super) fn make(grant: &Grant, key: &SigningKey, salts: &Salts) -> Result<Self, Refused> {
        let request = grant.request();
        match (request.output(), request.input()) {
            (Output::OpenPgpV4, Input::State(state)) => {
                let certificate = has(key.certificate.as_ref(), "certificate of version 4")?;
                open_pgp(grant, key, certificate, state, None)
            }
            (Output::OpenPgpV6Salt, _) => {
                has(key.certificate_v6.as_ref(), "certificate of version 6")?;
                salts.issue().map(Self::Salt)
            }
            (Output::OpenPgpV6(salt), Input::State(state)) => {
                let certificate = has(key.certificate_v6.as_ref(), "certificate of version 6")?;
                salts.take(salt)?;
                let made = open_pgp(grant, key, certificate, state, Some(salt));
                if made.as_ref().is_err_and(|refused| refused.code().retry()) {
                    // No signature has it, so the client may ask again for the same.
                    salts.put_back(salt);
                }
                made
            }
            (Output::Ssh, input) => ssh(key, &digest(input)?),
            (Output::Raw, input) => bare(key, &digest(input)?),
            (Output::OpenPgpV4 | Output::OpenPgpV6(_), _) => {
                Err(Refused::new(Code::UnsupportedInput))
            }
        }
    }

    /// The text that stands in a response.
    pub fn to_text(&self) -> Result<String, pgp::errors::Error> {
        match self {
            Self::OpenPgp(detached) => detached.to_armored(),
            Self::Salt(salt) => Ok(BASE64.encode(salt.as_octets())),
            Self::Ssh(signature) => Ok(signature.to_armored()),
            Self::Raw(signature) => Ok(signature.to_base64()),
        }
    }
}

/// An OpenPGP signature over the file behind `state`, which begins with `salt` if there is one.
fn open_pgp(
    grant: &Grant,
    key: &SigningKey,
    certificate: &Certificate,
    state: &Sha512State,
    salt: Option<&Salt>,
) -> Result<Product, Refused> {
    let prepared = openpgp::prepare(certificate, &key.statements, state, salt, grant.at())
        .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
    let raw = raw::sign(certificate, &*key.signer, prepared.digest()).map_err(no_signature)?;
    let detached = prepared.assemble(raw).map_err(withheld)?;
    detached.verify(certificate, state).map_err(withheld)?;
    Ok(Product::OpenPgp(Box::new(detached)))
}

/// An SSH signature over the file with this digest.
fn ssh(key: &SigningKey, digest: &Digest) -> Result<Product, Refused> {
    let public_key: &PublicKey = has(key.public_key.as_ref(), "public key")?;
    let namespace = has(key.ssh_namespace.as_ref(), "SSH namespace")?;
    let made = SshSignature::make(public_key, namespace, digest, &*key.signer);
    let signature = made.map_err(no_signature)?;
    signature
        .verify(public_key, namespace, digest)
        .map_err(withheld)?;
    Ok(Product::Ssh(signature))
}

/// A bare signature over the digest.
fn bare(key: &SigningKey, digest: &Digest) -> Result<Product, Refused> {
    let public_key: &PublicKey = has(key.public_key.as_ref(), "public key")?;
    let mechanism = *has(key.raw.as_ref(), "mechanism for raw signatures")?;
    let made = RawSignature::make(public_key, mechanism, digest, &*key.signer);
    let signature = made.map_err(no_signature)?;
    signature
        .verify(public_key, mechanism, digest)
        .map_err(withheld)?;
    Ok(Product::Raw(signature))
}

fn digest(input: &Input) -> Result<Digest, Refused> {
    input
        .digest()
        .ok_or_else(|| Refused::new(Code::UnsupportedInput))
}

fn has<'a, T>(part: Option<&'a T>, what: &str) -> Result<&'a T, Refused> {
    part.ok_or_else(|| Refused::new(Code::Misconfigured).because(format!("the key has no {what}")))
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

fn withheld(cause: impl std::error::Error + Send + Sync + 'static) -> Refused {
    Refused::new(Code::SignatureInvalid).because(cause)
}
