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
    /// Not a `SubjectPublicKeyInfo` or an SSH public key of a kind that signs here.
    #[error("not a public key: {0}")]
    Encoding(&'static str),
    /// Not a point on its curve, or not numbers.
    #[error("not a public key")]
    Malformed(#[from] pgp::errors::Error),
}

impl PublicKey {
    /// Whether both are the same key: zeros before a number say nothing.
    pub fn is_same_as(&self, other: &Self) -> bool {
        fn number(octets: &[u8]) -> &[u8] {
            let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
            octets.get(zeros..).unwrap_or_default()
        }
        match (self, other) {
            (
                Self::Rsa { modulus, exponent },
                Self::Rsa {
                    modulus: other_modulus,
                    exponent: other_exponent,
                },
            ) => {
                number(modulus) == number(other_modulus)
                    && number(exponent) == number(other_exponent)
            }
            _ => self == other,
        }
    }

    /// As an OpenPGP version 4 public key, created at a time that becomes part of its
    /// fingerprint. Ed25519 becomes `EdDSALegacy` (22), which every deployed verifier knows.
    pub(super) fn to_packet(
        &self,
        created: Timestamp,
    ) -> Result<packet::PublicKey, InvalidPublicKey> {
        let (algorithm, fields) = self.to_fields()?;
        packet_of(KeyVersion::V4, algorithm, &fields, created)
    }

    /// As an OpenPGP version 6 public key. Ed25519 becomes `Ed25519` (27), as `EdDSALegacy` is
    /// not for version 6 (RFC 9580 §9.1).
    pub(super) fn to_packet_v6(
        &self,
        created: Timestamp,
    ) -> Result<packet::PublicKey, InvalidPublicKey> {
        let (algorithm, fields) = match self {
            Self::Ed25519(key) => (PublicKeyAlgorithm::Ed25519, key.clone()),
            other => other.to_fields()?,
        };
        packet_of(KeyVersion::V6, algorithm, &fields, created)
    }

    /// The public half of an OpenPGP key, if it is of a kind that signs here.
    pub(super) fn of_params(params: &PublicParams) -> Option<Self> {
        let fields = params.to_bytes().ok()?;
        match params {
            PublicParams::RSA(_) => {
                let (modulus, rest) = mpi(&fields)?;
                let (exponent, _) = mpi(rest)?;
                Some(Self::Rsa {
                    modulus: modulus.to_vec(),
                    exponent: exponent.to_vec(),
                })
            }
            PublicParams::Ed25519(_) => Some(Self::Ed25519(fields)),
            PublicParams::ECDSA(_) | PublicParams::EdDSALegacy(_) => {
                let (length, rest) = fields.split_first()?;
                let (oid, rest) = rest.split_at_checked(usize::from(*length))?;
                let (point, _) = mpi(rest)?;
                match oid {
                    OID_P256 => Some(Self::P256(point.to_vec())),
                    OID_P384 => Some(Self::P384(point.to_vec())),
                    OID_P521 => Some(Self::P521(point.to_vec())),
                    OID_ED25519 => Some(Self::Ed25519(point.get(1..)?.to_vec())),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The octets of a digest or of a coordinate that ECDSA on its curve works with.
    pub(super) fn ecdsa_octets(&self) -> Option<usize> {
        match self {
            Self::P256(_) => Some(32),
            Self::P384(_) => Some(48),
            Self::P521(_) => Some(64),
            _ => None,
        }
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

fn packet_of(
    version: KeyVersion,
    algorithm: PublicKeyAlgorithm,
    fields: &[u8],
    created: Timestamp,
) -> Result<packet::PublicKey, InvalidPublicKey> {
    let params = PublicParams::try_from_reader(algorithm, Some(fields.len()), fields)?;
    let inner = PubKeyInner::new(version, algorithm, created, None, params)?;
    Ok(packet::PublicKey::from_inner(inner)?)
}

/// A number (RFC 9580 §3.2) and what comes after it.
fn mpi(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bits, rest) = octets.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*bits)).div_ceil(8))
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
