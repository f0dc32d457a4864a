//! RSA numbers, and the private operation for what AWS-LC's safe interface lacks.
//!
//! AWS-LC refuses keys below 2048 bits and pads digests only, while a NetHSM signs with 1024 bits and
//! pads any octets. For these, and for nothing else, the private operation is done here with
//! `crypto-bigint`, whose exponentiation runs in constant time. The base is blinded with a fresh
//! random number, no Chinese remainders are used, and every result is checked with the public
//! exponent before it leaves, so neither timing nor a fault tells anything about the key. The crate
//! `rsa` is not used.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Odd, Resize};
use crypto_primes::{Flavor, is_prime, random_prime};
use zeroize::Zeroizing;

use super::KeyError;
use crate::random::{self, Source};

/// All numbers of an RSA private key (RFC 8017 §3.2), big-endian.
pub(super) struct Numbers {
    pub(super) modulus: Vec<u8>,
    pub(super) exponent: Vec<u8>,
    pub(super) private_exponent: Zeroizing<Vec<u8>>,
    pub(super) p: Zeroizing<Vec<u8>>,
    pub(super) q: Zeroizing<Vec<u8>>,
    pub(super) dp: Zeroizing<Vec<u8>>,
    pub(super) dq: Zeroizing<Vec<u8>>,
    pub(super) coefficient: Zeroizing<Vec<u8>>,
}

impl Numbers {
    /// Makes two primes whose product has exactly `bits` bits; the exponent is 65537.
    pub(super) fn generate(bits: u32) -> Result<Self, KeyError> {
        let exponent = [1, 0, 1];
        loop {
            let p: Zeroizing<BoxedUint> =
                Zeroizing::new(random_prime(&mut Source, Flavor::Any, bits.div_ceil(2)));
            let q: Zeroizing<BoxedUint> =
                Zeroizing::new(random_prime(&mut Source, Flavor::Any, bits / 2));
            if p.concatenating_mul(&*q).bits() != bits {
                continue;
            }
            // Fails when 65537 divides one prime less one, about once in thirty thousand times.
            match Self::derive(&p, &q, &exponent) {
                Err(KeyError::PublicExponent) => {}
                done => return done,
            }
        }
    }

    /// Checks two primes and an exponent, and computes the rest.
    pub(super) fn new(p: &[u8], q: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let number = |octets: &[u8], error| {
            // The largest modulus has 8192 bits; a prime beyond it is not worth testing.
            if octets.len() > 1024 {
                return Err(error);
            }
            let number = Zeroizing::new(BoxedUint::from_be_slice_vartime(octets));
            if is_prime(Flavor::Any, &*number) {
                Ok(number)
            } else {
                Err(error)
            }
        };
        let p = number(p, KeyError::PrimeP)?;
        let q = number(q, KeyError::PrimeQ)?;
        if *p == *q {
            return Err(KeyError::PrimeQ);
        }
        if !(1024..=8192).contains(&p.concatenating_mul(&*q).bits()) {
            return Err(KeyError::RsaLength);
        }
        Self::derive(&p, &q, exponent)
    }

    fn derive(p: &BoxedUint, q: &BoxedUint, exponent: &[u8]) -> Result<Self, KeyError> {
        let e = BoxedUint::from_be_slice_vartime(exponent);
        if exponent.len() > 8 || e.bits() < 2 || !e.bit_vartime(0) {
            return Err(KeyError::PublicExponent);
        }
        let modulus = p.concatenating_mul(q);
        let size = modulus.bits_precision();
        let one = BoxedUint::one_with_precision(size);
        let less_one = |prime: &BoxedUint| {
            let number = prime.resize(size).wrapping_sub(&one);
            Option::<NonZero<BoxedUint>>::from(number.to_nz()).ok_or(KeyError::PublicExponent)
        };
        let p_1 = Zeroizing::new(less_one(p)?);
        let q_1 = Zeroizing::new(less_one(q)?);
        let phi = Zeroizing::new(p_1.wrapping_mul(&**q_1));
        let phi =
            Option::<NonZero<BoxedUint>>::from(phi.to_nz()).ok_or(KeyError::PublicExponent)?;
        let phi = Zeroizing::new(phi);
        let d = Option::<BoxedUint>::from((&e).resize(size).invert_mod(&phi))
            .map(Zeroizing::new)
            .ok_or(KeyError::PublicExponent)?;
        let odd_p =
            Option::<Odd<BoxedUint>>::from(p.resize(size).to_odd()).ok_or(KeyError::PrimeP)?;
        let odd_p = Zeroizing::new(odd_p);
        let q_in_p = Zeroizing::new(q.resize(size).rem(odd_p.as_nz_ref()));
        let coefficient = Option::<BoxedUint>::from(q_in_p.invert_odd_mod(&odd_p))
            .map(Zeroizing::new)
            .ok_or(KeyError::PrimeQ)?;
        Ok(Self {
            modulus: modulus.to_be_bytes_trimmed_vartime().into_vec(),
            exponent: e.to_be_bytes_trimmed_vartime().into_vec(),
            p: octets(p),
            q: octets(q),
            dp: octets(&Zeroizing::new(d.rem(&*p_1))),
            dq: octets(&Zeroizing::new(d.rem(&*q_1))),
            coefficient: octets(&coefficient),
            private_exponent: octets(&d),
        })
    }
}

fn octets(number: &BoxedUint) -> Zeroizing<Vec<u8>> {
    let whole = Zeroizing::new(number.to_be_bytes().into_vec());
    let start = whole
        .iter()
        .position(|octet| *octet != 0)
        .unwrap_or(whole.len());
    Zeroizing::new(whole.iter().skip(start).copied().collect())
}

/// The private operation of one key: a padded block to the power of `d`.
pub(super) struct PrivateOperation {
    modulus: Odd<BoxedUint>,
    field: BoxedMontyParams,
    exponent: BoxedUint,
    private_exponent: Zeroizing<BoxedUint>,
}

impl PrivateOperation {
    /// From modulus, public and private exponent, big-endian.
    pub(super) fn new(modulus: &[u8], exponent: &[u8], private: &[u8]) -> Result<Self, KeyError> {
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let private_exponent = BoxedUint::from_be_slice(private, modulus.bits_precision())
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Missing)?;
        let modulus = Option::<Odd<BoxedUint>>::from(modulus.to_odd()).ok_or(KeyError::Missing)?;
        Ok(Self {
            field: BoxedMontyParams::new_vartime(modulus.clone()),
            exponent: BoxedUint::from_be_slice_vartime(exponent),
            modulus,
            private_exponent,
        })
    }

    /// The length of the modulus in bits.
    pub(super) fn bits(&self) -> u32 {
        self.modulus.bits_vartime()
    }

    /// Applies the key to a padded block; the answer is as long as the modulus.
    pub(super) fn apply(&self, block: &[u8]) -> Result<Vec<u8>, KeyError> {
        let message = self.element(block)?;
        let mut octets = Zeroizing::new(vec![0; block.len()]);
        random::fill(&mut octets).map_err(|_| KeyError::Failed)?;
        let blind = self.element(&octets)?;
        let unblind = Option::<BoxedMontyForm>::from(blind.invert()).ok_or(KeyError::Failed)?;

        let blinded = message.mul(&blind.pow(&self.exponent));
        let signature = blinded.pow(&self.private_exponent).mul(&unblind);
        if signature.pow(&self.exponent) != message {
            return Err(KeyError::Failed);
        }
        let octets = signature.retrieve().to_be_bytes();
        let length = usize::try_from(self.bits().div_ceil(8)).map_err(|_| KeyError::Failed)?;
        let start = octets.len().checked_sub(length).ok_or(KeyError::Failed)?;
        Ok(octets.iter().skip(start).copied().collect())
    }

    fn element(&self, octets: &[u8]) -> Result<BoxedMontyForm, KeyError> {
        let number = BoxedUint::from_be_slice(octets, self.modulus.bits_precision())
            .map(Zeroizing::new)
            .map_err(|_| KeyError::MessageSize)?;
        Ok(BoxedMontyForm::new(
            number.rem(self.modulus.as_nz_ref()),
            &self.field,
        ))
    }
}
