//! What a grant becomes.

use data_encoding::BASE64;

use super::{
    Certificate, Detached, Document, DoesNotVerify, Evidence, PublicKey, RawSignature, SignerError,
    SigningKey, SshSignature, openpgp, raw,
};
use crate::{
    config::Domain,
    policy::Grant,
    refusal::{Code, Refused},
    request::{Digest, Input, Output, Salt, Salts, Sha512State},
};

/// A product, and what only its making shows; of a salt there is nothing to show.
pub(super) type Made = Result<(Product, Option<Evidence>), Refused>;

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
    pub(super) fn make(grant: &Grant, key: &SigningKey, salts: &Salts) -> Made {
        let request = grant.request();
        match (request.output(), request.input()) {
            (Output::OpenPgpV4, Input::State(state)) => {
                let certificate = has(key.certificate.as_ref(), "certificate of version 4")?;
                open_pgp(grant, key, certificate, Document::Binary, state, None)
            }
            (Output::OpenPgpV4Text, Input::State(state)) => {
                let certificate = has(key.certificate.as_ref(), "certificate of version 4")?;
                open_pgp(grant, key, certificate, Document::Text, state, None)
            }
            (Output::OpenPgpV6Salt, _) => {
                has(key.certificate_v6.as_ref(), "certificate of version 6")?;
                Ok((Self::Salt(salts.issue()?), None))
            }
            (Output::OpenPgpV6(salt), Input::State(state)) => {
                let certificate = has(key.certificate_v6.as_ref(), "certificate of version 6")?;
                salts.take(salt)?;
                let made = open_pgp(grant, key, certificate, Document::Binary, state, Some(salt));
                if made.as_ref().is_err_and(|refused| refused.code().retry()) {
                    // No signature has it, so the client may ask again for the same.
                    salts.put_back(salt);
                }
                made
            }
            (Output::Ssh, input) => ssh(key, &digest(input)?),
            (Output::Raw, input) => bare(key, &digest(input)?),
            (Output::OpenPgpV4 | Output::OpenPgpV4Text | Output::OpenPgpV6(_), _) => {
                Err(Refused::new(Code::UnsupportedInput))
            }
        }
    }

    /// What is on record of the signature that `grant` allows with `key`, verified anew.
    pub(super) fn recall(grant: &Grant, key: &SigningKey, octets: &[u8]) -> Result<Self, Refused> {
        let request = grant.request();
        let product = Self::from_record(request.output(), octets).map_err(withheld)?;
        match (product, request.output(), request.input()) {
            (
                Self::OpenPgp(bare),
                output @ (Output::OpenPgpV4 | Output::OpenPgpV4Text),
                Input::State(state),
            ) => {
                let certificate = has(key.certificate.as_ref(), "certificate of version 4")?;
                let document = output.kind().document();
                bare.verify_as(document, certificate, state)
                    .map_err(withheld)?;
                let detached = bare.with_key_id(certificate).map_err(withheld)?;
                Ok(Self::OpenPgp(Box::new(detached)))
            }
            (Self::OpenPgp(detached), Output::OpenPgpV6(salt), Input::State(state)) => {
                let certificate = has(key.certificate_v6.as_ref(), "certificate of version 6")?;
                if detached.salt() != Some(*salt) {
                    return Err(Refused::new(Code::IdReused).because("another salt"));
                }
                detached.verify(certificate, state).map_err(withheld)?;
                Ok(Self::OpenPgp(detached))
            }
            (Self::Ssh(signature), Output::Ssh, input) => {
                let public_key = has(key.public_key.as_ref(), "public key")?;
                let namespace = has(key.ssh_namespace.as_ref(), "SSH namespace")?;
                let verified = signature.verify(public_key, namespace, &digest(input)?);
                verified.map_err(withheld)?;
                Ok(Self::Ssh(signature))
            }
            (Self::Raw(signature), Output::Raw, input) => {
                let public_key = has(key.public_key.as_ref(), "public key")?;
                let mechanism = *has(key.raw.as_ref(), "mechanism for raw signatures")?;
                let verified = signature.verify(public_key, mechanism, &digest(input)?);
                verified.map_err(withheld)?;
                Ok(Self::Raw(signature))
            }
            _ => Err(Refused::new(Code::IdReused)),
        }
    }

    /// Reads the octets of a record for `output`.
    fn from_record(output: &Output, octets: &[u8]) -> Result<Self, DoesNotVerify> {
        match output {
            Output::OpenPgpV4 | Output::OpenPgpV4Text | Output::OpenPgpV6(_) => {
                Detached::from_octets(octets).map(|detached| Self::OpenPgp(Box::new(detached)))
            }
            Output::Ssh => SshSignature::from_octets(octets).map(Self::Ssh),
            Output::Raw => RawSignature::from_octets(octets).map(Self::Raw),
            Output::OpenPgpV6Salt => Err(DoesNotVerify::Unsupported),
        }
    }

    /// The octets that go on record: an OpenPGP packet without its unhashed area, an SSH signature
    /// without its armor, a raw signature as it is. Of a salt nothing goes on record.
    pub fn to_record(&self) -> Result<Option<Vec<u8>>, pgp::errors::Error> {
        Ok(match self {
            Self::OpenPgp(detached) => Some(detached.bare()?.to_octets()?),
            Self::Salt(_) => None,
            Self::Ssh(signature) => Some(signature.to_octets()),
            Self::Raw(signature) => Some(signature.as_octets().to_vec()),
        })
    }

    /// The same, saying in OpenPGP where it stands in which log: the notation `log@DOMAIN` with
    /// `ORIGIN#INDEX`, in the unhashed area, which nothing vouches for.
    pub(super) fn with_place(
        self,
        domain: &Domain,
        origin: &str,
        index: u64,
    ) -> Result<Self, pgp::errors::Error> {
        match self {
            Self::OpenPgp(detached) => {
                let detached = detached.with_place(domain, origin, index)?;
                Ok(Self::OpenPgp(Box::new(detached)))
            }
            other => Ok(other),
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

/// An OpenPGP signature over the `document` behind `state`, which begins with `salt` if there is one.
fn open_pgp(
    grant: &Grant,
    key: &SigningKey,
    certificate: &Certificate,
    document: Document,
    state: &Sha512State,
    salt: Option<&Salt>,
) -> Made {
    let prepared = openpgp::prepare(
        certificate,
        &key.statements,
        document,
        state,
        salt,
        grant.at(),
    )
    .map_err(|cause| Refused::new(Code::Misconfigured).because(cause))?;
    let signed = raw::sign(certificate, &*key.signer, prepared.digest());
    let (message, raw) = signed.map_err(no_signature)?;
    let detached = prepared.assemble(raw).map_err(withheld)?;
    detached
        .verify_as(document, certificate, state)
        .map_err(withheld)?;
    let evidence = Evidence {
        message,
        issuer: certificate.fingerprint(),
        mechanism: None,
    };
    Ok((Product::OpenPgp(Box::new(detached)), Some(evidence)))
}

/// An SSH signature over the file with this digest.
fn ssh(key: &SigningKey, digest: &Digest) -> Made {
    let public_key: &PublicKey = has(key.public_key.as_ref(), "public key")?;
    let namespace = has(key.ssh_namespace.as_ref(), "SSH namespace")?;
    let made = SshSignature::make(public_key, namespace, digest, &*key.signer);
    let (message, signature) = made.map_err(no_signature)?;
    signature
        .verify(public_key, namespace, digest)
        .map_err(withheld)?;
    let evidence = Evidence {
        message,
        issuer: public_key.fingerprint().map_err(withheld)?,
        mechanism: None,
    };
    Ok((Product::Ssh(signature), Some(evidence)))
}

/// A bare signature over the digest.
fn bare(key: &SigningKey, digest: &Digest) -> Made {
    let public_key: &PublicKey = has(key.public_key.as_ref(), "public key")?;
    let mechanism = *has(key.raw.as_ref(), "mechanism for raw signatures")?;
    let made = RawSignature::make(public_key, mechanism, digest, &*key.signer);
    let (message, signature) = made.map_err(no_signature)?;
    signature
        .verify(public_key, mechanism, digest)
        .map_err(withheld)?;
    let evidence = Evidence {
        message,
        issuer: public_key.fingerprint().map_err(withheld)?,
        mechanism: Some(mechanism),
    };
    Ok((Product::Raw(signature), Some(evidence)))
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
