//! Arithmetic on the Brainpool curves (RFC 5639, the `r1` ones): that of `RustCrypto`.
//!
//! AWS-LC has none of them. `bp256` and `bp384` compute in constant time with field arithmetic that
//! was synthesised and proved by fiat-crypto; [`p512`] builds the third curve of the same parts.
//! Neither was audited. The nonce is that of RFC 6979, with fresh random octets mixed in (§3.6), so
//! neither a weak random source nor a fault in one signature gives the key away.

mod p512;

use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use ecdsa::hazmat::sign_prehashed_rfc6979;
use ecdsa::{EcdsaCurve, SigningKey};
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize};
use pkcs8::der::Encode;
use pkcs8::der::asn1::UintRef;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

pub(super) use self::p512::BrainpoolP512r1;
use super::KeyError;
use super::elliptic::{Arithmetic, Opened};
use crate::random;

/// A signature before DER: `r` and `s`, big-endian.
type Numbers = (Vec<u8>, Vec<u8>);

/// ECDSA on one of the curves.
pub(super) trait Brainpool: EcdsaCurve + CurveArithmetic {
    /// Signs a digest, with `noise` mixed into the nonce.
    fn sign(key: &SigningKey<Self>, digest: &[u8], noise: &[u8]) -> Numbers;
}

macro_rules! brainpool {
    ($($curve:ident with $digest:ident,)+) => { $(
        impl Brainpool for $curve {
            fn sign(key: &SigningKey<Self>, digest: &[u8], noise: &[u8]) -> Numbers {
                let scalar = key.as_nonzero_scalar();
                let (signature, _) = sign_prehashed_rfc6979::<Self, $digest>(scalar, digest, noise);
                let (r, s) = signature.split_bytes();
                (r.to_vec(), s.to_vec())
            }
        }
    )+ };
}

brainpool! {
    BrainpoolP256r1 with Sha256,
    BrainpoolP384r1 with Sha384,
    BrainpoolP512r1 with Sha512,
}

/// The key inside erases itself.
struct BrainpoolKey<C: Brainpool> {
    key: SigningKey<C>,
    public: Vec<u8>,
}

pub(super) fn open<C: Brainpool>(scalar: &[u8]) -> Opened
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let key = SigningKey::<C>::from_slice(scalar).map_err(|_| KeyError::ScalarRange)?;
    let point = key.verifying_key().as_affine().to_sec1_point(false);
    Ok(Box::new(BrainpoolKey {
        public: point.as_bytes().to_vec(),
        key,
    }))
}

impl<C: Brainpool> Arithmetic for BrainpoolKey<C> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut noise = Zeroizing::new([0; 32]);
        random::fill(noise.as_mut_slice()).map_err(|_| KeyError::Failed)?;
        der(&C::sign(&self.key, digest, noise.as_slice()))
    }
}

/// `ECDSA-Sig-Value` (RFC 5480 appendix A).
fn der((r, s): &Numbers) -> Result<Vec<u8>, KeyError> {
    let uint = |octets| UintRef::new(octets).map_err(|_| KeyError::Failed);
    let mut numbers = Vec::new();
    for number in [uint(r)?, uint(s)?] {
        number
            .encode_to_vec(&mut numbers)
            .map_err(|_| KeyError::Failed)?;
    }
    Ok(super::der::sequence(&[&numbers]))
}
