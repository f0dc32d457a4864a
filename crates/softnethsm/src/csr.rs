//! Requests for certificates (PKCS #10, RFC 2986).

use std::net::IpAddr;

use nethsm::csr::DistinguishedName;
use pkcs8::ObjectIdentifier;
use pkcs8::der::Encode;
use pkcs8::der::pem::{LineEnding, encode_string};

use crate::keys::der::{SEQUENCE, SET, element, sequence};
use crate::keys::{KeyError, PrivateKey};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;
/// `attributes` of a request.
const ATTRIBUTES: u8 = 0xa0;
/// `dNSName` and `iPAddress` of a `GeneralName` (RFC 5280 §4.2.1.6).
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Why there is no request. The text is what the API answers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CsrError {
    #[error("invalid IP address in subjectAltNames")]
    Address,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("Key operation failed")]
    Encoding,
}

/// Asks for a certificate for this key under this name, with SHA-256; PEM.
///
/// Other names are the common name if none are given, and left out if there are none.
pub(crate) fn request(key: &PrivateKey, name: &DistinguishedName) -> Result<String, CsrError> {
    let public = key.public_der().map_err(|error| match error {
        KeyError::NoPublic => KeyError::NoCertificate,
        other => other,
    })?;
    let info = sequence(&[
        &element(INTEGER, &[&[0]]),
        &subject(name)?,
        &public,
        &element(ATTRIBUTES, &[&attribute(&other_names(name)?)?]),
    ]);
    let signed = key.sign_certificate(&info)?;
    let signature = element(BIT_STRING, &[&[0], &signed.signature]);
    let request = sequence(&[&info, &signed.algorithm, &signature]);
    encode_string("CERTIFICATE REQUEST", LineEnding::LF, &request).map_err(|_| CsrError::Encoding)
}

/// The name as `Name` (RFC 5280 §4.1.2.4), DER; what is empty is left out.
pub(crate) fn subject(name: &DistinguishedName) -> Result<Vec<u8>, CsrError> {
    let country = if name.country_name.bytes().all(is_printable) {
        PRINTABLE_STRING
    } else {
        UTF8_STRING
    };
    let mail = if name.email_address.is_ascii() {
        IA5_STRING
    } else {
        UTF8_STRING
    };
    let attributes = [
        ("2.5.4.3", UTF8_STRING, &name.common_name),
        ("2.5.4.6", country, &name.country_name),
        ("2.5.4.7", UTF8_STRING, &name.locality_name),
        ("2.5.4.8", UTF8_STRING, &name.state_or_province_name),
        ("2.5.4.10", UTF8_STRING, &name.organization_name),
        ("2.5.4.11", UTF8_STRING, &name.organizational_unit_name),
        ("1.2.840.113549.1.9.1", mail, &name.email_address),
    ];
    let mut parts = Vec::new();
    for (oid, tag, text) in attributes {
        if !text.is_empty() {
            let oid = identifier(&ObjectIdentifier::new_unwrap(oid))?;
            let attribute = sequence(&[&oid, &element(tag, &[text.as_bytes()])]);
            parts.extend(element(SET, &[&attribute]));
        }
    }
    Ok(sequence(&[&parts]))
}

/// The characters of `PrintableString` (X.680 §41.4).
fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet)
}

/// All `GeneralName`s, one after the other.
fn other_names(name: &DistinguishedName) -> Result<Vec<u8>, CsrError> {
    let mut names = Vec::new();
    match &name.subject_alt_names {
        None if name.common_name.is_empty() => {}
        None => names.extend(element(DNS_NAME, &[name.common_name.as_bytes()])),
        Some(given) => {
            for text in given {
                names.extend(other_name(text)?);
            }
        }
    }
    Ok(names)
}

fn other_name(text: &str) -> Result<Vec<u8>, CsrError> {
    let Some(address) = text.strip_prefix("IP:") else {
        return Ok(element(DNS_NAME, &[text.as_bytes()]));
    };
    Ok(match address.parse().map_err(|_| CsrError::Address)? {
        IpAddr::V4(address) => element(IP_ADDRESS, &[&address.octets()]),
        IpAddr::V6(address) => element(IP_ADDRESS, &[&address.octets()]),
    })
}

/// The attribute that asks for the extension with other names; nothing without names.
fn attribute(names: &[u8]) -> Result<Vec<u8>, CsrError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let extension = sequence(&[
        &identifier(&SUBJECT_ALT_NAME)?,
        &element(OCTET_STRING, &[&element(SEQUENCE, &[names])]),
    ]);
    let extensions = sequence(&[&extension]);
    Ok(sequence(&[
        &identifier(&EXTENSION_REQUEST)?,
        &element(SET, &[&extensions]),
    ]))
}

fn identifier(oid: &ObjectIdentifier) -> Result<Vec<u8>, CsrError> {
    oid.to_der().map_err(|_| CsrError::Encoding)
}
