//! The TLS certificate of the device.

use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::folder::{self, Folder};

/// A certificate chain with its private key, ready for a server.
#[derive(Clone)]
pub struct Identity(Arc<ServerConfig>);

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
        Self::from_pem(&needed(certificate)?, &needed(key)?)
    }

    /// The certificate that the device made for itself and keeps in `tls-cert.pem`: P-256, for
    /// `localhost`, `127.0.0.1` and `::1`. Made at the first call.
    pub(crate) fn own(folder: &Folder) -> Result<Self, Error> {
        if folder::read(&folder.certificate())?.is_none() {
            make(folder)?;
        }
        Self::read(&folder.certificate(), &folder.certificate_key())
    }

    fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, Error> {
        let refused = |reason: String| Error::Certificate(reason);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| refused(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| refused(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| refused(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| refused(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Makes key and certificate. The certificate comes last: where it is, its key is too.
fn make(folder: &Folder) -> Result<(), Error> {
    let refused = |error: rcgen::Error| Error::Certificate(error.to_string());
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(refused)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "softnethsm");
    let key = KeyPair::generate().map_err(refused)?;
    let certificate = params.self_signed(&key).map_err(refused)?;
    let key = Zeroizing::new(key.serialize_pem());
    folder::write(&folder.certificate_key(), key.as_bytes(), 0o600)?;
    folder::write(&folder.certificate(), certificate.pem().as_bytes(), 0o644)
}
