//! Padding taken off what RSA decrypted (RFC 8017 §7), where AWS-LC does not do so itself.
//!
//! Both look at every octet in the same way whatever it is, and fail at the very end, so the time
//! tells nothing but what the answer tells anyway.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::KeyError;
use super::hash::Hash;

/// OAEP (RFC 8017 §7.1.2 step 3) with an empty label.
pub(super) fn oaep(hash: Hash, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let size = hash.length();
    let (first, rest) = block.split_first().ok_or(KeyError::Decryption)?;
    let (seed, data) = rest
        .split_at_checked(size)
        .filter(|(_, data)| data.len() > size)
        .ok_or(KeyError::Decryption)?;
    let seed = hash.masked(seed, data);
    let data = hash.masked(data, &seed);
    let (label, message) = data.split_at_checked(size).ok_or(KeyError::Decryption)?;

    let mut is_good = first.ct_eq(&0) & label.ct_eq(&hash.of(&[]));
    let mut is_before = Choice::from(1);
    let mut start = 0;
    for (place, octet) in (1_u32..).zip(message) {
        let is_end = is_before & octet.ct_eq(&1);
        is_good &= !is_before | octet.ct_eq(&0) | is_end;
        start.conditional_assign(&place, is_end);
        is_before &= !is_end;
    }
    rest_of(message, start, is_good & !is_before)
}

/// PKCS #1 v1.5 (RFC 8017 §7.2.2 step 3): `00 02`, at least eight octets that are not zero, `00`.
pub(super) fn pkcs1(block: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (head, message) = block.split_first_chunk::<2>().ok_or(KeyError::Decryption)?;
    let is_headed = head.ct_eq(&[0, 2]);
    let mut is_before = Choice::from(1);
    let mut is_long = Choice::from(0);
    let mut start = 0;
    for (place, octet) in (1_u32..).zip(message) {
        let is_end = is_before & octet.ct_eq(&0);
        start.conditional_assign(&place, is_end);
        is_long |= is_end & Choice::from(u8::from(place > 8));
        is_before &= !is_end;
    }
    rest_of(message, start, is_headed & is_long & !is_before)
}

fn rest_of(octets: &[u8], start: u32, is_good: Choice) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if !bool::from(is_good) {
        return Err(KeyError::Decryption);
    }
    let start = usize::try_from(start).map_err(|_| KeyError::Decryption)?;
    let rest = octets.get(start..).ok_or(KeyError::Decryption)?;
    Ok(Zeroizing::new(rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pkcs1_block(filling: &[u8], rest: &[u8]) -> Vec<u8> {
        [&[0, 2], filling, rest].concat()
    }

    #[test]
    fn pkcs1_takes_eight_octets_and_a_zero_away() {
        let plain = |block: &[u8]| pkcs1(block).ok().map(|plain| plain.to_vec());
        assert_eq!(
            plain(&pkcs1_block(&[7; 8], b"\0abc")),
            Some(b"abc".to_vec())
        );
        assert_eq!(plain(&pkcs1_block(&[7; 8], b"\0")), Some(Vec::new()));
        assert_eq!(
            plain(&pkcs1_block(&[7; 9], b"\0a\0")),
            Some(b"a\0".to_vec())
        );
        assert_eq!(plain(&pkcs1_block(&[7; 7], b"\0abc")), None, "too short");
        assert_eq!(plain(&pkcs1_block(&[7; 12], b"")), None, "no end");
        assert_eq!(plain(&[&[0, 1], &[7; 8][..], b"\0abc"].concat()), None);
        assert_eq!(plain(&[&[1, 2], &[7; 8][..], b"\0abc"].concat()), None);
        assert_eq!(plain(&[]), None);
    }

    /// RFC 8017 §7.1.1, to be undone.
    fn oaep_block(hash: Hash, first: u8, data: &[u8]) -> Vec<u8> {
        let seed = vec![9; hash.length()];
        let data = hash.masked(data, &seed);
        let seed = hash.masked(&seed, &data);
        [&[first], seed.as_slice(), &data].concat()
    }

    #[test]
    fn oaep_takes_label_zeros_and_one_away() {
        for hash in [Hash::Md5, Hash::Sha224, Hash::Sha512] {
            let label = hash.of(&[]);
            let block = |first, rest: &[u8]| oaep_block(hash, first, &[&label, rest].concat());
            let plain = |block: &[u8]| oaep(hash, block).ok().map(|plain| plain.to_vec());
            assert_eq!(plain(&block(0, b"\0\0\x01abc")), Some(b"abc".to_vec()));
            assert_eq!(plain(&block(0, b"\x01\0\x01")), Some(b"\0\x01".to_vec()));
            assert_eq!(plain(&block(0, b"\0\0\x01")), Some(Vec::new()));
            assert_eq!(plain(&block(1, b"\0\0\x01abc")), None, "first octet");
            assert_eq!(plain(&block(0, b"\0\x02\x01abc")), None, "not zero");
            assert_eq!(plain(&block(0, b"\0\0\0")), None, "no end");
            let other = [
                &[1; 16][..],
                &label.iter().skip(16).copied().collect::<Vec<_>>(),
                b"\x01a",
            ];
            assert_eq!(plain(&oaep_block(hash, 0, &other.concat())), None, "label");
            assert_eq!(plain(&[0; 8]), None);
        }
    }
}
