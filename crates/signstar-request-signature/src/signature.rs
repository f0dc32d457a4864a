//! A signature of any kind that an enclave makes.

use std::{io, time::SystemTime};

use signstar::{
    request::OutputType,
    sign::{Detached, DoesNotVerify, RawSignature, SshSignature},
};

use crate::Form;

/// A signature of any kind that an enclave makes.
#[derive(Clone, Debug)]
pub enum Signature {
    /// A detached OpenPGP signature of version 4 or 6.
    OpenPgp(Box<Detached>),
    /// The same over a text, to stand below it.
    Text(Box<Detached>),
    /// An SSH signature.
    Ssh(SshSignature),
    /// Nothing but the signature: RSA as long as the modulus, ECDSA in DER, Ed25519 of 64 octets.
    Raw(RawSignature),
}

impl Signature {
    /// Takes the text of a response to a request for `output`.
    pub(crate) fn from_text(output: OutputType, text: &str) -> Result<Self, DoesNotVerify> {
        match output {
            OutputType::OpenPgpV4 | OutputType::OpenPgpV6 => {
                Ok(Self::OpenPgp(Box::new(Detached::from_armored(text)?)))
            }
            OutputType::OpenPgpV4Text => Ok(Self::Text(Box::new(Detached::from_armored(text)?))),
            OutputType::Ssh => SshSignature::from_armored(text).map(Self::Ssh),
            OutputType::Raw => RawSignature::from_base64(text).map(Self::Raw),
        }
    }

    /// Its octets as they stand in a file of this form; armor makes a difference for OpenPGP only.
    pub fn to_octets(&self, form: Form) -> io::Result<Vec<u8>> {
        match self {
            Self::OpenPgp(detached) | Self::Text(detached) if form == Form::Armored => {
                let armored = detached.to_armored().map_err(io::Error::other)?;
                Ok(armored.into_bytes())
            }
            Self::OpenPgp(detached) | Self::Text(detached) => {
                detached.to_octets().map_err(io::Error::other)
            }
            Self::Ssh(signature) => Ok(signature.to_armored().into_bytes()),
            Self::Raw(signature) => Ok(signature.as_octets().to_vec()),
        }
    }

    /// When an OpenPGP signature was made, as it says itself. The others do not say.
    pub fn created(&self) -> Option<SystemTime> {
        match self {
            Self::OpenPgp(detached) | Self::Text(detached) => detached.created(),
            Self::Ssh(_) | Self::Raw(_) => None,
        }
    }

    /// The kind in a few words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OpenPgp(detached) if detached.salt().is_some() => "OpenPGP, version 6",
            Self::OpenPgp(_) => "OpenPGP, version 4",
            Self::Text(_) => "OpenPGP, version 4, over a text",
            Self::Ssh(_) => "SSH",
            Self::Raw(_) => "raw",
        }
    }
}
