//! How the device proves that it is the right one.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs::default_provider, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Which certificate of the device is good. TLS 1.2 and 1.3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tls {
    /// One that an authority trusted by this system vouches for, for the name in the address.
    System,
    /// One that an authority in this PEM vouches for, for the name in the address.
    Ca(Vec<u8>),
    /// Like [`Tls::Ca`], read from a file when the client is made.
    CaFile(PathBuf),
    /// One with one of these SHA-256 of its DER form, whatever it says: several while it is changed.
    /// Its key must have signed the handshake.
    Pin(Vec<[u8; 32]>),
    /// Any. For trying things out: whoever is in between can read the passphrases.
    Insecure,
}

/// The certificates to trust cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BadTls {
    /// The text names no mode.
    #[error(
        "a TLS mode is one of: system, ca:FILE, pin:SHA256 (64 hexadecimal digits; several with commas \
         between), insecure"
    )]
    Mode,
    /// The file with certificates cannot be read.
    #[error("cannot read the certificates in {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no usable certificate.
    #[error("there is no usable certificate among those to trust")]
    Empty,
    /// A certificate, or the choice of algorithms, does not do.
    #[error("the certificates to trust are not usable")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Tls {
    /// The pin of a certificate, given as DER.
    pub fn pin(certificate: &[u8]) -> Self {
        Self::Pin(vec![sha256(certificate)])
    }

    /// The pin of the first of the certificates in `pem`, which is that of the device.
    ///
    /// # Errors
    ///
    /// [`BadTls::Empty`] if there is none, [`BadTls::Unusable`] if it is broken.
    pub fn pin_of_pem(pem: &[u8]) -> Result<Self, BadTls> {
        let first = CertificateDer::pem_slice_iter(pem).next();
        let first = first.ok_or(BadTls::Empty)?;
        let first = first.map_err(|error| BadTls::Unusable(error.into()))?;
        Ok(Self::pin(&first))
    }

    /// What rustls needs to know.
    pub(super) fn configuration(&self) -> Result<Arc<ClientConfig>, BadTls> {
        let provider = Arc::new(default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::System => authorities(system_roots(), &provider)?,
            Self::Ca(pem) => authorities(roots(pem)?, &provider)?,
            Self::CaFile(path) => {
                let pem = std::fs::read(path).map_err(|source| BadTls::File {
                    path: path.clone(),
                    source,
                })?;
                authorities(roots(&pem)?, &provider)?
            }
            Self::Pin(pins) => ByItself::new(Some(pins.clone()), &provider),
            Self::Insecure => ByItself::new(None, &provider),
        };
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| BadTls::Unusable(error.into()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Arc::new(configuration))
    }
}

/// `system`, `ca:FILE`, `pin:` and 64 hexadecimal digits for each pin, with commas between, or
/// `insecure`.
impl FromStr for Tls {
    type Err = BadTls;

    fn from_str(text: &str) -> Result<Self, BadTls> {
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            None if text == "insecure" => Ok(Self::Insecure),
            Some(("ca", file)) if !file.is_empty() => Ok(Self::CaFile(file.into())),
            Some(("pin", digits)) => {
                let pins: Option<Vec<_>> = digits.split(',').map(read_pin).collect();
                pins.map(Self::Pin).ok_or(BadTls::Mode)
            }
            _ => Err(BadTls::Mode),
        }
    }
}

/// As it is read, except that certificates given as bytes have no spelling: `ca:(PEM)`.
impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Ca(_) => f.write_str("ca:(PEM)"),
            Self::CaFile(path) => write!(f, "ca:{}", path.display()),
            Self::Pin(pins) => {
                f.write_str("pin:")?;
                for (at, pin) in pins.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    pin.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                }
                Ok(())
            }
            Self::Insecure => f.write_str("insecure"),
        }
    }
}

fn read_pin(digits: &str) -> Option<[u8; 32]> {
    let mut pin = [0; 32];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != pin.len() || !rest.is_empty() {
        return None;
    }
    for (byte, &[high, low]) in pin.iter_mut().zip(pairs) {
        let high = char::from(high).to_digit(16)?;
        let low = char::from(low).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(pin)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // One odd file among hundreds in the system's store is none of our business.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn roots(pem: &[u8]) -> Result<RootCertStore, BadTls> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| BadTls::Unusable(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| BadTls::Unusable(error.into()))?;
    }
    Ok(roots)
}

fn authorities(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, BadTls> {
    if roots.is_empty() {
        return Err(BadTls::Empty);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| BadTls::Unusable(error.into()))
}

/// Judges a certificate by itself: no authority, no name, no dates.
///
/// The signature over the handshake is verified with the key in the certificate in any case:
/// without that, anybody could show the certificate of the device and be it.
#[derive(Debug)]
struct ByItself {
    pins: Option<Vec<[u8; 32]>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ByItself {
    fn new(pins: Option<Vec<[u8; 32]>>, provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self {
            pins,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for ByItself {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.pins {
            Some(pins) if !pins.contains(&sha256(end_entity)) => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_reads_as_it_is_written() {
        let pin = format!("pin:{}", "0a".repeat(32));
        for text in [
            "system",
            "insecure",
            "ca:/etc/ssl/ca.pem",
            "ca:C:ca.pem",
            &pin,
        ] {
            let tls: Tls = text.parse().expect(text);
            assert_eq!(tls.to_string(), text);
        }
        let upper: Tls = pin
            .to_uppercase()
            .replace("PIN", "pin")
            .parse()
            .expect("a pin");
        assert_eq!(upper, Tls::Pin(vec![[10; 32]]));
        let two = format!("{pin},{}", "0b".repeat(32));
        let two: Tls = two.parse().expect("two pins");
        assert_eq!(two, Tls::Pin(vec![[10; 32], [11; 32]]));
        assert_eq!(two.to_string().parse::<Tls>().expect("as written"), two);
    }

    #[test]
    fn anything_else_is_no_mode() {
        let long = format!("pin:{}", "0a".repeat(33));
        let plus = format!("pin:{}+1", "0a".repeat(31));
        for text in [
            "",
            "System",
            "none",
            "ca:",
            "pin:",
            "pin:0a",
            &long,
            &plus,
            "insecure:",
        ] {
            assert!(matches!(text.parse::<Tls>(), Err(BadTls::Mode)), "{text}");
        }
    }
}
