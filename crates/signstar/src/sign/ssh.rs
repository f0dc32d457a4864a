//! An SSH signature over a file (OpenSSH `PROTOCOL.sshsig`).

use data_encoding::BASE64;
use der::{Decode as _, Encode as _, asn1::UintRef};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{
    DoesNotVerify, Message, PublicKey, Signer, SignerError,
    raw::{self, EcdsaSigValue},
    ssh_wire::{Reader, mpint, put, strings},
};
use crate::{config::SshNamespace, request::Digest};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: [u8; 4] = [0, 0, 0, 1];
/// Characters of base64 on one line, as `ssh-keygen` writes them.
const LINE: usize = 70;
/// The longest signature that is read, in octets, armored (16 KiB). RSA 4096 has about 1,600.
const MAX_OCTETS: usize = 16 << 10;

/// An SSH signature: over what, by which key, and for what purpose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SshSignature {
    key: PublicKey,
    namespace: String,
    hash: String,
    algorithm: String,
    signature: Vec<u8>,
}

/// The octets that are signed for a file with this digest.
fn signed_octets(namespace: &str, digest: &Digest) -> Vec<u8> {
    let hash = digest.hash_name();
    let parts = [
        namespace.as_bytes(),
        b"",
        hash.as_bytes(),
        digest.as_octets(),
    ];
    [MAGIC, &strings(parts)].concat()
}

/// What `key` does with these octets, and how SSH calls it.
fn message(key: &PublicKey, octets: &[u8]) -> (Message, &'static str) {
    match key {
        PublicKey::Rsa { .. } => {
            let digest = Digest::Sha512(Sha512::digest(octets).into());
            (Message::RsaPkcs1(raw::digest_info(&digest)), "rsa-sha2-512")
        }
        PublicKey::P256(_) => (
            Message::Ecdsa(Sha256::digest(octets).to_vec()),
            key.ssh_name(),
        ),
        PublicKey::P384(_) => (
            Message::Ecdsa(Sha384::digest(octets).to_vec()),
            key.ssh_name(),
        ),
        PublicKey::P521(_) => (
            Message::Ecdsa(Sha512::digest(octets).to_vec()),
            key.ssh_name(),
        ),
        PublicKey::Ed25519(_) => (Message::Ed25519(octets.to_vec()), key.ssh_name()),
    }
}

impl SshSignature {
    /// Has `signer` sign for a file with this digest.
    pub(super) fn make(
        key: &PublicKey,
        namespace: &SshNamespace,
        digest: &Digest,
        signer: &dyn Signer,
    ) -> Result<(Message, Self), SignerError> {
        let (message, algorithm) = message(key, &signed_octets(namespace.as_str(), digest));
        let raw = signer.sign(&message)?;
        let signature = match &message {
            Message::Ecdsa(_) => {
                let EcdsaSigValue { r, s } = EcdsaSigValue::from_der(&raw)
                    .map_err(|error| SignerError::Nonsense(Box::new(error)))?;
                let (r, s) = (mpint(r.as_bytes()), mpint(s.as_bytes()));
                strings([&*r, &*s])
            }
            _ => raw,
        };
        let made = Self {
            key: key.clone(),
            namespace: namespace.as_str().to_owned(),
            hash: digest.hash_name().to_owned(),
            algorithm: algorithm.to_owned(),
            signature,
        };
        Ok((message, made))
    }

    /// Reads a signature in its armor, with nothing but white space around it.
    ///
    /// Fails on trailing octets, on a version other than 1 and on keys of unknown kinds.
    pub fn from_armored(text: &str) -> Result<Self, DoesNotVerify> {
        let malformed = |what: &str| DoesNotVerify::Malformed(what.to_owned());
        let body = Some(text.trim_ascii())
            .filter(|text| text.len() <= MAX_OCTETS)
            .and_then(|text| text.strip_prefix(BEGIN)?.strip_suffix(END))
            .ok_or_else(|| malformed("not one SSH signature"))?;
        let body: String = body.split_ascii_whitespace().collect();
        let octets = BASE64
            .decode(body.as_bytes())
            .map_err(|_| malformed("not base64"))?;
        Self::from_octets(&octets)
    }

    /// Reads a signature without its armor. Fails as [`SshSignature::from_armored`] does.
    pub fn from_octets(octets: &[u8]) -> Result<Self, DoesNotVerify> {
        let malformed = |what: &str| DoesNotVerify::Malformed(what.to_owned());
        let rest = octets
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.strip_prefix(&VERSION))
            .ok_or_else(|| malformed("not an SSH signature of version 1"))?;
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).ok();
        let read = || {
            let mut reader = Reader(rest);
            let (key, namespace) = (reader.string()?, text(reader.string()?)?);
            let (reserved, hash) = (reader.string()?, text(reader.string()?)?);
            let mut inner = Reader(reader.string()?);
            let (algorithm, signature) = (text(inner.string()?)?, inner.string()?.to_vec());
            let whole = reserved.is_empty() && reader.is_at_end() && inner.is_at_end();
            whole.then_some((key, namespace, hash, algorithm, signature))
        };
        let (key, namespace, hash, algorithm, signature) =
            read().ok_or_else(|| malformed("cut off, or octets left over"))?;
        let key = PublicKey::from_ssh(key).map_err(|error| malformed(&error.to_string()))?;
        Ok(Self {
            key,
            namespace,
            hash,
            algorithm,
            signature,
        })
    }

    /// The signature without its armor (OpenSSH `PROTOCOL.sshsig`).
    pub fn to_octets(&self) -> Vec<u8> {
        let signature = strings([self.algorithm.as_bytes(), &*self.signature]);
        let mut octets = [MAGIC, &VERSION].concat();
        put(&mut octets, &self.key.to_ssh());
        for part in [
            self.namespace.as_bytes(),
            b"",
            self.hash.as_bytes(),
            &signature,
        ] {
            put(&mut octets, part);
        }
        octets
    }

    /// The signature as `ssh-keygen -Y sign` writes it.
    pub fn to_armored(&self) -> String {
        let mut text = format!("{BEGIN}\n");
        for (index, c) in BASE64.encode(&self.to_octets()).chars().enumerate() {
            if index > 0 && index % LINE == 0 {
                text.push('\n');
            }
            text.push(c);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        text
    }

    /// The key that it says made it.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// What it says it is for.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The hash function that it says the file went through: `sha256` or `sha512`.
    pub fn hash_name(&self) -> &str {
        &self.hash
    }

    /// Checks that the private half of `key` made this for a file with this digest and for
    /// `namespace`.
    ///
    /// RSA counts with SHA-512 only, as it is made here.
    pub fn verify(
        &self,
        key: &PublicKey,
        namespace: &SshNamespace,
        digest: &Digest,
    ) -> Result<(), DoesNotVerify> {
        if self.key.to_ssh() != key.to_ssh() {
            return Err(DoesNotVerify::OtherKey(self.key.to_openssh()));
        }
        if self.namespace != namespace.as_str() {
            return Err(DoesNotVerify::OtherNamespace(self.namespace.clone()));
        }
        self.verify_stated(digest)
    }

    /// Checks that the key that it names made this for a file with this digest, for whatever
    /// purpose.
    pub(super) fn verify_stated(&self, digest: &Digest) -> Result<(), DoesNotVerify> {
        let (message, algorithm) = self.message(digest);
        if self.hash != digest.hash_name() || self.algorithm != algorithm {
            return Err(DoesNotVerify::Unsupported);
        }
        let raw = match message {
            Message::Ecdsa(_) => self.ecdsa_der().ok_or_else(|| {
                DoesNotVerify::Malformed("not two numbers of an ECDSA signature".to_owned())
            })?,
            _ => self.signature.clone(),
        };
        (self.key.verify(&message, &raw)).map_err(DoesNotVerify::Raw)
    }

    /// What its key signed if it is one for a file with this digest, and how SSH calls that.
    pub(super) fn message(&self, digest: &Digest) -> (Message, &'static str) {
        message(&self.key, &signed_octets(&self.namespace, digest))
    }

    fn ecdsa_der(&self) -> Option<Vec<u8>> {
        let mut reader = Reader(&self.signature);
        let (r, s) = (reader.number()?, reader.number()?);
        let value = EcdsaSigValue {
            r: UintRef::new(r).ok()?,
            s: UintRef::new(s).ok()?,
        };
        value.to_der().ok().filter(|_| reader.is_at_end())
    }
}
