//! What a signature has to verify with.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use signstar::{
    config::{Mechanism, SshNamespace},
    request::Digest,
    sign::{Certificate, Detached, Document, DoesNotVerify, PublicKey, RawSignature, SshSignature},
};

use crate::{Error, Hashed, Logs, Signature};

/// One more octet than a certificate may have, so that a longer one is refused and not cut.
const MAX_READ: u64 = (1 << 20) + 1;
/// How raw signatures can be made.
const MECHANISMS: [Mechanism; 4] = [
    Mechanism::Pkcs1,
    Mechanism::Pss,
    Mechanism::Ecdsa,
    Mechanism::Ed25519,
];

/// What a signature has to verify with.
#[derive(Clone, Debug)]
pub struct Trust {
    anchors: Option<Vec<Anchor>>,
    namespace: Option<SshNamespace>,
    logs: Option<Logs>,
}

/// One certificate or public key that counts.
#[derive(Clone, Debug)]
struct Anchor {
    path: PathBuf,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Certificate(Box<Certificate>),
    Key(PublicKey),
}

/// Who made a signature that holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Maker {
    /// The file with the certificate or the public key.
    pub anchor: PathBuf,
    /// The first user ID of the certificate.
    pub user_id: Option<String>,
    /// The key: for OpenPGP its fingerprint in lower-case hexadecimal, else as OpenSSH writes it.
    pub key: String,
}

impl Trust {
    /// Trusts what is in the files at `paths`: each has an OpenPGP certificate, binary or in ASCII
    /// armor, or a public key in PEM (`SubjectPublicKeyInfo`) or as a line of OpenSSH.
    ///
    /// A signature has to verify with one of them. SSH and raw signatures also count when they
    /// verify with the primary key of a certificate.
    pub fn read<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        let anchors = paths.into_iter().map(|path| Anchor::read(path.as_ref()));
        Ok(Self {
            anchors: Some(anchors.collect::<Result<_, _>>()?),
            namespace: None,
            logs: None,
        })
    }

    /// Trusts anything: only mistakes are noticed, not forgeries.
    pub fn unchecked() -> Self {
        Self {
            anchors: None,
            namespace: None,
            logs: None,
        }
    }

    /// The same, and SSH signatures have to be for `namespace`.
    #[must_use]
    pub fn for_namespace(self, namespace: Option<SshNamespace>) -> Self {
        Self { namespace, ..self }
    }

    /// The same, and signatures have to be in one of `logs`.
    #[must_use]
    pub fn with_logs(self, logs: Option<Logs>) -> Self {
        Self { logs, ..self }
    }

    /// The logs that signatures have to be in.
    pub(crate) fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
    }

    /// Whether it makes a difference who signed.
    pub fn is_checked(&self) -> bool {
        self.anchors.is_some()
    }

    /// Checks that `signature` is one over what was `hashed`, and says who made it. Nobody is
    /// known to have made what is [unchecked](Self::unchecked).
    pub fn check(
        &self,
        signature: &Signature,
        hashed: &Hashed,
    ) -> Result<Option<Maker>, DoesNotVerify> {
        let Some(anchors) = &self.anchors else {
            return self.check_alone(signature, hashed).map(|()| None);
        };
        let mut reason = None;
        for anchor in anchors {
            match anchor.check(signature, hashed, self.namespace.as_ref()) {
                Ok(maker) => return Ok(Some(maker)),
                // That it is somebody else's key says the least.
                Err(error) => match reason {
                    None | Some(DoesNotVerify::OtherKey(_)) => reason = Some(error),
                    Some(_) => {}
                },
            }
        }
        Err(reason.unwrap_or_else(|| DoesNotVerify::OtherKey("no certificate is known".into())))
    }

    fn check_alone(&self, signature: &Signature, hashed: &Hashed) -> Result<(), DoesNotVerify> {
        match signature {
            Signature::OpenPgp(detached) => detached.check_without_certificate(hashed.state()),
            // Not without a certificate: a text changes on its way, and then nothing is noticed.
            Signature::Text(_) => Err(DoesNotVerify::Unsupported),
            Signature::Ssh(signature) => {
                check_ssh(signature, signature.key(), self.namespace.as_ref(), hashed)
            }
            // Any octets may be one.
            Signature::Raw(_) => Ok(()),
        }
    }
}

impl Anchor {
    fn read(path: &Path) -> Result<Self, Error> {
        let mut octets = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_READ).read_to_end(&mut octets))
            .map_err(|source| Error::read(path, source))?;
        let text = String::from_utf8_lossy(&octets);
        let key = if text.contains("-----BEGIN PUBLIC KEY-----") {
            Some(PublicKey::from_pem(&text))
        } else if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
            Some(PublicKey::from_openssh(text.trim_end()))
        } else {
            None
        };
        let what = match key {
            Some(key) => What::Key(key.map_err(|source| Error::PublicKey {
                path: path.to_owned(),
                source,
            })?),
            None => {
                let certificate =
                    Certificate::parse(&octets).map_err(|source| Error::Certificate {
                        path: path.to_owned(),
                        source,
                    })?;
                What::Certificate(Box::new(certificate))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            what,
        })
    }

    fn check(
        &self,
        signature: &Signature,
        hashed: &Hashed,
        namespace: Option<&SshNamespace>,
    ) -> Result<Maker, DoesNotVerify> {
        let key = match (&self.what, signature) {
            (What::Certificate(certificate), Signature::OpenPgp(detached)) => {
                detached.verify(certificate, hashed.state())?;
                detached.issuers().into_iter().next().unwrap_or_default()
            }
            (What::Certificate(certificate), Signature::Text(detached)) => {
                detached.verify_as(Document::Text, certificate, hashed.state())?;
                detached.issuers().into_iter().next().unwrap_or_default()
            }
            (What::Key(_), Signature::OpenPgp(detached) | Signature::Text(detached)) => {
                return Err(other_key(detached));
            }
            (what, Signature::Ssh(signature)) => {
                let key = what.key().ok_or(DoesNotVerify::Unsupported)?;
                check_ssh(signature, &key, namespace, hashed)?;
                key.to_openssh()
            }
            (what, Signature::Raw(signature)) => {
                let key = what.key().ok_or(DoesNotVerify::Unsupported)?;
                check_raw(signature, &key, hashed)?;
                key.to_openssh()
            }
        };
        let user_id = match &self.what {
            What::Certificate(certificate) => certificate.user_ids().next().map(str::to_owned),
            What::Key(_) => None,
        };
        Ok(Maker {
            anchor: self.path.clone(),
            user_id,
            key,
        })
    }
}

impl What {
    fn key(&self) -> Option<PublicKey> {
        match self {
            Self::Certificate(certificate) => certificate.public_key(),
            Self::Key(key) => Some(key.clone()),
        }
    }
}

fn other_key(detached: &Detached) -> DoesNotVerify {
    DoesNotVerify::OtherKey(detached.issuers().into_iter().next().unwrap_or_default())
}

fn digest(hashed: &Hashed) -> Digest {
    Digest::Sha512(hashed.state().digest())
}

/// Where no namespace is wanted, the one that the signature states will do.
fn check_ssh(
    signature: &SshSignature,
    key: &PublicKey,
    namespace: Option<&SshNamespace>,
    hashed: &Hashed,
) -> Result<(), DoesNotVerify> {
    let stated = signature.namespace();
    let namespace = match namespace {
        Some(namespace) => namespace.clone(),
        None => SshNamespace::new(stated)
            .map_err(|_| DoesNotVerify::OtherNamespace(stated.to_owned()))?,
    };
    signature.verify(key, &namespace, &digest(hashed))
}

/// A raw signature does not say how it was made.
fn check_raw(
    signature: &RawSignature,
    key: &PublicKey,
    hashed: &Hashed,
) -> Result<(), DoesNotVerify> {
    let mut outcome = Err(DoesNotVerify::Unsupported);
    for mechanism in MECHANISMS {
        if mechanism.is_for(key) {
            outcome = signature.verify(key, mechanism, &digest(hashed));
        }
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// When a signature was made, and that it holds.
pub(crate) fn created(signature: &Signature) -> Result<Option<SystemTime>, DoesNotVerify> {
    match (signature, signature.created()) {
        (Signature::OpenPgp(_) | Signature::Text(_), None) => Err(DoesNotVerify::Time),
        (_, created) => Ok(created),
    }
}
