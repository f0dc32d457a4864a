//! Chains of certificates (RFC 5280), as far as a server looks into its own.

use jiff::Timestamp;
use pkcs8::der::pem::{LineEnding, encode_string};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Why certificates are refused. The text is what the API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadChain {
    #[error("empty certificate chain")]
    Empty,
    #[error("Invalid certificate.")]
    Certificate,
    #[error("invalid certificate chain: a certificate is not signed by the next one.")]
    Signature,
    #[error("invalid certificate chain: a certificate has expired or is not valid yet.")]
    Time,
}

/// Reads certificates, PEM.
pub(crate) fn read(pem: &str) -> Result<Vec<CertificateDer<'static>>, BadChain> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| BadChain::Certificate)?;
    if chain.is_empty() {
        return Err(BadChain::Empty);
    }
    Ok(chain)
}

/// One certificate, PEM.
pub(crate) fn to_pem(certificate: &CertificateDer<'_>) -> String {
    pem("CERTIFICATE", certificate)
}

/// A `SubjectPublicKeyInfo`, PEM.
pub(crate) fn public_pem(der: &[u8]) -> String {
    pem("PUBLIC KEY", der)
}

fn pem(label: &str, der: &[u8]) -> String {
    // Fails only for what is too long for any memory.
    encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

/// The public key of the first certificate, a `SubjectPublicKeyInfo`.
pub(crate) fn public_key<'a>(chain: &'a [CertificateDer<'_>]) -> Result<&'a [u8], BadChain> {
    let first = chain.first().ok_or(BadChain::Empty)?;
    Ok(parts(first).ok_or(BadChain::Certificate)?.key.whole)
}

/// Checks that each certificate is signed by the next and all are valid now, where the last is
/// taken as it is.
pub(crate) fn verify(chain: &[CertificateDer<'_>]) -> Result<(), BadChain> {
    let all: Option<Vec<Parts<'_>>> = chain.iter().map(|der| parts(der)).collect();
    let all = all.ok_or(BadChain::Certificate)?;
    let now = Timestamp::now().as_second();
    if all
        .iter()
        .any(|one| !(one.not_before..=one.not_after).contains(&now))
    {
        return Err(BadChain::Time);
    }
    let links = all.iter().zip(all.iter().skip(1));
    for (certificate, issuer) in links {
        if !is_signed(certificate, issuer) {
            return Err(BadChain::Signature);
        }
    }
    Ok(())
}

fn is_signed(certificate: &Parts<'_>, issuer: &Parts<'_>) -> bool {
    let has_name = certificate.issuer == issuer.subject;
    let Some((key_algorithm, key)) = key_in(&issuer.key) else {
        return false;
    };
    let provider = default_provider();
    let mut algorithms = provider.signature_verification_algorithms.all.iter();
    has_name
        && algorithms.any(|one| {
            one.signature_alg_id().as_ref() == certificate.algorithm
                && one.public_key_alg_id().as_ref() == key_algorithm
                && one
                    .verify_signature(key, certificate.signed, certificate.signature)
                    .is_ok()
        })
}

/// What is looked at in a certificate (RFC 5280 §4.1).
struct Parts<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    not_before: i64,
    not_after: i64,
    key: Element<'a>,
}

/// One DER element of a certificate.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    whole: &'a [u8],
    content: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let (certificate, _) = element(der)?;
    let (signed, rest) = tagged(certificate.content, SEQUENCE)?;
    let (algorithm, rest) = tagged(rest, SEQUENCE)?;
    let (signature, _) = tagged(rest, BIT_STRING)?;
    let mut fields = signed.content;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.1;
    }
    let (_serial, fields) = element(fields)?;
    let (_algorithm, fields) = tagged(fields, SEQUENCE)?;
    let (issuer, fields) = tagged(fields, SEQUENCE)?;
    let (validity, fields) = tagged(fields, SEQUENCE)?;
    let (subject, fields) = tagged(fields, SEQUENCE)?;
    let (key, _) = tagged(fields, SEQUENCE)?;
    let (not_before, rest) = element(validity.content)?;
    let (not_after, _) = element(rest)?;
    Some(Parts {
        signed: signed.whole,
        algorithm: algorithm.content,
        signature: bits(&signature)?,
        issuer: issuer.whole,
        subject: subject.whole,
        not_before: time(&not_before)?,
        not_after: time(&not_after)?,
        key,
    })
}

/// Algorithm and bits of a `SubjectPublicKeyInfo`.
fn key_in<'a>(key: &Element<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (algorithm, rest) = tagged(key.content, SEQUENCE)?;
    let (key, _) = tagged(rest, BIT_STRING)?;
    Some((algorithm.content, bits(&key)?))
}

/// Whole octets only.
fn bits<'a>(element: &Element<'a>) -> Option<&'a [u8]> {
    element.content.strip_prefix(&[0])
}

fn time(element: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = match element.tag {
        // Two digits are years from 1950 to 2049 (RFC 5280 §4.1.2.5.1).
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &text).ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

fn tagged(der: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    element(der).filter(|(element, _)| element.tag == tag)
}

/// The first element, and what is behind it.
fn element(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], body) = der.split_first_chunk()?;
    let (length, body) = match usize::from(first) {
        length @ ..=0x7f => (length, body),
        count @ 0x81..=0x83 => {
            let (octets, body) = body.split_at_checked(count - 0x80)?;
            let length = octets
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (length, body)
        }
        _ => return None,
    };
    let (content, rest) = body.split_at_checked(length)?;
    let whole = der.get(..der.len() - rest.len())?;
    Some((
        Element {
            tag,
            whole,
            content,
        },
        rest,
    ))
}
