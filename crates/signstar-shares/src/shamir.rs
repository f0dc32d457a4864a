//! Shamir's Secret Sharing of 32 octets over the field of 256 elements.

use vsss_rs::Gf256;
use zeroize::{Zeroize, Zeroizing};

const LENGTH: usize = 32;

/// One point for each of the 32 polynomials.
pub(crate) type Value = Zeroizing<[u8; LENGTH]>;

/// The value of share `index` for the polynomials that are `secret` at 0.
///
/// `coefficients` are those of x, x² and so on, 32 uniformly random octets each.
pub(crate) fn evaluate(secret: &[u8; LENGTH], coefficients: &[Value], index: u8) -> Value {
    let x = Gf256(index);
    let mut value = Value::default();
    // Horner's rule, from the highest power down to the secret.
    for coefficient in coefficients
        .iter()
        .rev()
        .map(|value| &**value)
        .chain([secret])
    {
        for (sum, octet) in value.iter_mut().zip(coefficient) {
            *sum = (Gf256(*sum) * x + Gf256(*octet)).0;
        }
    }
    value
}

/// What polynomials through these points are at 0.
///
/// `None` for fewer than two points, for an index of 0 and for one that is there twice.
pub(crate) fn interpolate<'a>(points: impl Iterator<Item = (u8, &'a Value)>) -> Option<Value> {
    let mut points: Vec<Vec<u8>> = points
        .map(|(index, value)| {
            let mut point = Vec::with_capacity(1 + LENGTH);
            point.push(index);
            point.extend_from_slice(&**value);
            point
        })
        .collect();
    let joined = Gf256::combine_bytes(&points).map(Zeroizing::new);
    points.zeroize();
    let mut value = Value::default();
    let joined = joined.ok()?;
    if joined.len() != LENGTH {
        return None;
    }
    value.copy_from_slice(&joined);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197 §4.2: {57} · {83} = {c1} and {57} · {13} = {fe}.
    #[test]
    fn the_field_is_that_of_aes() {
        for (factor, product) in [(0x83, 0xc1), (0x13, 0xfe)] {
            let value = evaluate(&[0; 32], &[Zeroizing::new([0x57; 32])], factor);
            assert_eq!(*value, [product; 32]);
        }
    }

    #[test]
    fn every_pair_of_a_line_meets_it_at_zero() {
        let secret = [7; 32];
        let slope = [Zeroizing::new([0xe1; 32])];
        let values: Vec<Value> = (1..=16).map(|x| evaluate(&secret, &slope, x)).collect();
        for i in 1..=16_u8 {
            for j in (1..=16_u8).filter(|&j| j != i) {
                let two = [i, j].map(|x| (x, &values[usize::from(x) - 1]));
                assert_eq!(interpolate(two.into_iter()).as_deref(), Some(&secret));
            }
        }
    }

    #[test]
    fn points_that_make_no_sense_are_refused() {
        let value = Value::default();
        for points in [vec![], vec![1], vec![1, 1], vec![0, 1]] {
            let points = points.into_iter().map(|x| (x, &value));
            assert!(interpolate(points).is_none());
        }
    }
}
