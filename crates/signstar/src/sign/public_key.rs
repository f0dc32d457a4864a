//! The public half of a key in an HSM.

use pgp::{
    crypto::public_key::PublicKeyAlgorithm,
    packet::{self, PubKeyInner},
    ser::Serialize,
    types::{KeyVersion, Mpi, PublicParams, Timestamp},
};

/// Curve object identifiers without tag and length (RFC 9580 §9.2).
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const OID_ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// The public half of a key, as HSMs give it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PublicKey {
    /// RSA of 2048 to 4096 bits; both numbers big-endian.
    Rsa {
        /// The modulus n.
        modulus: Vec<u8>,
        /// The public exponent e.
        exponent: Vec<u8>,
    },
    /// A point on P-256: 0x04 and two coordinates of 32 octets.
    P256(Vec<u8>),
    /// A point on P-384: 0x04 and two coordinates of 48 octets.
    P384(Vec<u8>),
    /// A point on P-521: 0x04 and two coordinates of 66 octets.
    P521(Vec<u8>),
    /// An Ed25519 public key of 32 octets (RFC 8032 §5.1.5).
    Ed25519(Vec<u8>),
}

/// Octets that are no public key for signatures.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPublicKey {
    /// RSA with fewer than 2048 or more than 4096 bits.
    #[error("an RSA key of {0} bits; 2048 to 4096 are accepted")]
    RsaLength(usize),
    /// Not a point on its curve, or not numbers.
    #[error("not a public key")]
    Malformed(#[from] pgp::errors::Error),
}

impl PublicKey {
    /// As an OpenPGP version 4 public key, created at a time that becomes part of its
    /// fingerprint. Ed25519 becomes `EdDSALegacy` (22), which every deployed verifier knows.
    pub(super) fn to_packet(
        &self,
        created: Timestamp,
    ) -> Result<packet::PublicKey, InvalidPublicKey> {
        let (algorithm, fields) = self.to_fields()?;
        let params = PublicParams::try_from_reader(algorithm, Some(fields.len()), &*fields)?;
        let inner = PubKeyInner::new(KeyVersion::V4, algorithm, created, None, params)?;
        Ok(packet::PublicKey::from_inner(inner)?)
    }

    /// The algorithm-specific fields (RFC 9580 §5.5.5).
    fn to_fields(&self) -> Result<(PublicKeyAlgorithm, Vec<u8>), InvalidPublicKey> {
        let ec = |oid: &[u8], point: &[u8]| {
            let length = u8::try_from(oid.len()).unwrap_or_default();
            let mut fields = vec![length];
            fields.extend(oid);
            Mpi::from_slice(point).to_writer(&mut fields)?;
            Ok::<_, pgp::errors::Error>(fields)
        };
        Ok(match self {
            Self::Rsa { modulus, exponent } => {
                let bits = bits(modulus);
                if !(2048..=4096).contains(&bits) {
                    return Err(InvalidPublicKey::RsaLength(bits));
                }
                let mut fields = Vec::new();
                Mpi::from_slice(modulus).to_writer(&mut fields)?;
                Mpi::from_slice(exponent).to_writer(&mut fields)?;
                (PublicKeyAlgorithm::RSA, fields)
            }
            Self::P256(point) => (PublicKeyAlgorithm::ECDSA, ec(OID_P256, point)?),
            Self::P384(point) => (PublicKeyAlgorithm::ECDSA, ec(OID_P384, point)?),
            Self::P521(point) => (PublicKeyAlgorithm::ECDSA, ec(OID_P521, point)?),
            Self::Ed25519(key) => {
                let prefixed = [&[0x40], key.as_slice()].concat();
                (PublicKeyAlgorithm::EdDSALegacy, ec(OID_ED25519, &prefixed)?)
            }
        })
    }
}

/// The bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let mut octets = number.iter().skip_while(|&&octet| octet == 0);
    match octets.next() {
        None => 0,
        Some(first) => {
            let first = u8::BITS.saturating_sub(first.leading_zeros());
            octets.count() * 8 + usize::try_from(first).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn leading_zeros_are_no_bits() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[0, 0]), 0);
        assert_eq!(bits(&[0, 1, 0]), 9);
        assert_eq!(bits(&[0x80; 256]), 2048);
    }
}
