//! Keys that come as PEM (RFC 7468).

use pkcs8::PrivateKeyInfoRef;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::edwards::{self, EdwardsKey};
use super::elliptic::{self, EllipticKey};
use super::rsa::{self, RsaKey};
use super::{KeyError, PrivateKey};

/// Reads the first private key in the text, whatever stands around it. An encrypted one is none.
pub(super) fn read(pem: &[u8]) -> Result<PrivateKey, KeyError> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::Missing)?;
    match &key {
        PrivateKeyDer::Pkcs1(pkcs1) => rsa(pkcs1.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(sec1) => {
            EllipticKey::from_sec1(sec1.secret_sec1_der(), None).map(PrivateKey::Elliptic)
        }
        PrivateKeyDer::Pkcs8(pkcs8) => any(pkcs8.secret_pkcs8_der()),
        _ => Err(KeyError::Unsupported),
    }
}

fn rsa(pkcs1: &[u8]) -> Result<PrivateKey, KeyError> {
    RsaKey::from_pkcs1(pkcs1).map(|key| PrivateKey::Rsa(Box::new(key)))
}

fn any(pkcs8: &[u8]) -> Result<PrivateKey, KeyError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| KeyError::Missing)?;
    match info.algorithm.oid {
        rsa::OID => rsa(info.private_key.as_bytes()),
        edwards::OID => EdwardsKey::from_pkcs8(pkcs8).map(PrivateKey::Edwards),
        elliptic::OID => EllipticKey::from_pkcs8(&info).map(PrivateKey::Elliptic),
        _ => Err(KeyError::Unsupported),
    }
}
