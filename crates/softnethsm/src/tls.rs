//! The TLS certificate of the device.

use std::path::Path;
use std::sync::Arc;

use nethsm::key::{KeyType, TlsKeyType};
use pkcs8::SecretDocument;
use pkcs8::der::pem::LineEnding;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::chain::{self, BadChain};
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::keys::{KeyError, PrivateKey};

/// A certificate chain with its private key, ready for a server.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    config: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
    /// PEM.
    key: Zeroizing<Vec<u8>>,
}

/// Why a new certificate or key is refused. The text is what the API answers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadIdentity {
    #[error(transparent)]
    Chain(#[from] BadChain),
    #[error("public key in certificate does not match private key.")]
    OtherKey,
    #[error("Unsupported key type '\"{0}\"' for TLS")]
    KeyType(TlsKeyType),
    #[error("RSA keys for TLS have 2048 to 8192 bits")]
    RsaLength,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Other(#[from] Error),
}

impl Identity {
    /// Reads a certificate chain, leaf first, and its private key, both PEM.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a file cannot be read, [`Error::Certificate`] if they do not belong
    /// together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let needed = |path: &Path| {
            folder::read(path)?.ok_or_else(|| Error::File {
                action: "read",
                path: path.to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            })
        };
        Self::from_pem(&needed(certificate)?, needed(key)?)
    }

    /// The certificate that the device keeps in `tls-cert.pem`. At the first call it makes one for
    /// itself: P-256, for `localhost`, `127.0.0.1` and `::1`.
    pub(crate) fn own(folder: &Folder) -> Result<Self, Error> {
        finish_change(folder)?;
        if folder::read(&folder.certificate())?.is_some() {
            return Self::read(&folder.certificate(), &folder.certificate_key());
        }
        let key = KeyPair::generate().map_err(refused)?;
        let made = self_made(&Zeroizing::new(key.serialize_pem()))?;
        made.keep(folder)?;
        Ok(made)
    }

    /// A new key with a certificate signed by itself.
    pub(crate) fn make(key_type: TlsKeyType, length: Option<u32>) -> Result<Self, BadIdentity> {
        let key_type = match key_type {
            TlsKeyType::Rsa => KeyType::Rsa,
            TlsKeyType::Curve25519 => KeyType::Curve25519,
            TlsKeyType::EcP256 => KeyType::EcP256,
            TlsKeyType::EcP384 => KeyType::EcP384,
            TlsKeyType::EcP521 => KeyType::EcP521,
            // The TLS library has no signatures with these curves.
            TlsKeyType::BrainpoolP256 | TlsKeyType::BrainpoolP384 | TlsKeyType::BrainpoolP512 => {
                return Err(BadIdentity::KeyType(key_type));
            }
        };
        if key_type == KeyType::Rsa {
            // Nor with shorter RSA keys.
            match length {
                None => return Err(KeyError::RsaLength.into()),
                Some(length) if !(1024..=8192).contains(&length) => {
                    return Err(KeyError::RsaLength.into());
                }
                Some(..2048) => return Err(BadIdentity::RsaLength),
                Some(_) => {}
            }
        }
        let key = PrivateKey::generate(key_type, length)?.to_pkcs8()?;
        let pem = SecretDocument::try_from(key.as_slice())
            .and_then(|der| der.to_pem("PRIVATE KEY", LineEnding::LF))
            .map_err(|_| KeyError::Failed)?;
        Ok(self_made(&pem)?)
    }

    /// The same key with other certificates, PEM: its own first, each vouched for by the next.
    pub(crate) fn with_chain(&self, pem: &str) -> Result<Self, BadIdentity> {
        let chain = chain::read(pem)?;
        if chain::public_key(&chain)? != chain::public_key(&self.0.chain)? {
            return Err(BadIdentity::OtherKey);
        }
        chain::verify(&chain)?;
        Ok(Self::new(chain, self.0.key.clone())?)
    }

    /// An identity of the parts that a backup holds.
    pub(crate) fn of_parts(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Self, Error> {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        Self::new(chain, Zeroizing::new(key.to_vec()))
    }

    /// Keeps it for the next start. A crash in between leaves the old one or the new one.
    pub(crate) fn keep(&self, folder: &Folder) -> Result<(), Error> {
        let both = [self.key_pem(), self.chain_pem().as_bytes()].concat();
        folder::write(&folder.next_identity(), &Zeroizing::new(both), 0o600)?;
        finish_change(folder)
    }

    /// The certificates, the device's own first, PEM.
    pub(crate) fn chain_pem(&self) -> String {
        self.0.chain.iter().map(chain::to_pem).collect()
    }

    /// The certificates, the device's own first.
    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.0.chain.clone()
    }

    /// The private key, PEM.
    pub(crate) fn key_pem(&self) -> &[u8] {
        &self.0.key
    }

    /// The public key, a `SubjectPublicKeyInfo`, PEM.
    pub(crate) fn public_pem(&self) -> Result<String, BadChain> {
        Ok(chain::public_pem(chain::public_key(&self.0.chain)?))
    }

    /// The private key, ready to sign.
    pub(crate) fn private_key(&self) -> Result<PrivateKey, KeyError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(&self.0.key).map_err(|_| KeyError::Missing)?;
        PrivateKey::from_pkcs8(key.secret_pkcs8_der())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config)
    }

    fn from_pem(certificates: &[u8], key: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let chain = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        Self::new(chain, key)
    }

    fn new(chain: Vec<CertificateDer<'static>>, pem: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(refused)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(refused)?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key)
            .map_err(refused)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(Inner {
            config: Arc::new(config),
            chain,
            key: pem,
        })))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Forgets the certificate that the device keeps: the next call of [`Identity::own`] makes one.
pub(crate) fn forget(folder: &Folder) -> Result<(), Error> {
    folder::remove(&folder.next_identity())?;
    folder::remove(&folder.certificate())?;
    folder::remove(&folder.certificate_key())
}

/// Puts what was written by [`Identity::keep`] in its place. The certificate comes last: where it
/// is, its key is too.
fn finish_change(folder: &Folder) -> Result<(), Error> {
    let next = folder.next_identity();
    let Some(both) = folder::read(&next)? else {
        return Ok(());
    };
    let begin = b"-----BEGIN CERTIFICATE-----";
    let start = both.windows(begin.len()).position(|window| window == begin);
    let damaged = || Error::Damaged {
        path: next.clone(),
        reason: "it has no certificate".into(),
    };
    let (key, chain) = both
        .split_at_checked(start.ok_or_else(damaged)?)
        .ok_or_else(damaged)?;
    folder::write(&folder.certificate_key(), key, 0o600)?;
    folder::write(&folder.certificate(), chain, 0o644)?;
    folder::remove(&next)
}

fn self_made(key: &Zeroizing<String>) -> Result<Identity, Error> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(refused)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "softnethsm");
    let pair = KeyPair::from_pem(key).map_err(refused)?;
    let certificate = params.self_signed(&pair).map_err(refused)?;
    let key = Zeroizing::new(key.as_bytes().to_vec());
    Identity::new(vec![certificate.der().clone()], key)
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Certificate(error.to_string())
}
