//! Padding of RSA signatures (RFC 8017 §9), where AWS-LC does not pad itself.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};

use super::KeyError;
use super::hash::Hash;
use crate::random;

/// `DigestInfo` up to the digest itself (RFC 8017 §9.2, notes).
const SHA256_INFO: [u8; 19] =
    *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384_INFO: [u8; 19] =
    *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512_INFO: [u8; 19] =
    *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// The digest in `octets`, if they are exactly a `DigestInfo` of this algorithm.
pub(super) fn digest_of<'a>(
    algorithm: &'static digest::Algorithm,
    octets: &'a [u8],
) -> Option<&'a [u8]> {
    let info = match algorithm {
        known if known == &SHA256 => SHA256_INFO,
        known if known == &SHA384 => SHA384_INFO,
        known if known == &SHA512 => SHA512_INFO,
        _ => return None,
    };
    octets
        .strip_prefix(&info)
        .filter(|digest| digest.len() == algorithm.output_len())
}

/// The `DigestInfo` of a SHA-256 digest.
pub(super) fn sha256_info(digest: &[u8]) -> Vec<u8> {
    [SHA256_INFO.as_slice(), digest].concat()
}

/// `00 01 FF.. 00` and the octets, `length` bytes in all; at least eight bytes are `FF`.
pub(super) fn pkcs1(octets: &[u8], length: usize) -> Result<Vec<u8>, KeyError> {
    let filling = length
        .checked_sub(octets.len() + 3)
        .filter(|filling| *filling >= 8)
        .ok_or(KeyError::MessageSize)?;
    let mut padded = vec![0x00, 0x01];
    padded.resize(2 + filling, 0xff);
    padded.push(0x00);
    padded.extend_from_slice(octets);
    Ok(padded)
}

/// EMSA-PSS (RFC 8017 §9.1.1) for a modulus of `bits` bits; the salt is as long as the digest.
pub(super) fn pss(hash: Hash, digest: &[u8], bits: u32) -> Result<Vec<u8>, KeyError> {
    let size = hash.length();
    let mut salt = vec![0; size];
    random::fill(&mut salt).map_err(|_| KeyError::Failed)?;

    let em_bits = usize::try_from(bits - 1).map_err(|_| KeyError::RsaLength)?;
    let length = em_bits.div_ceil(8);
    let filling = length
        .checked_sub(2 * size + 2)
        .ok_or(KeyError::MessageSize)?;
    let h = hash.of(&[&[0; 8], digest, &salt]);

    let mut block = vec![0; filling];
    block.push(0x01);
    block.extend_from_slice(&salt);
    let mut block = hash.masked(&block, &h).to_vec();
    if let Some(first) = block.first_mut() {
        *first &= 0xff >> (8 * length - em_bits);
    }
    block.extend_from_slice(&h);
    block.push(0xbc);
    Ok(block)
}
