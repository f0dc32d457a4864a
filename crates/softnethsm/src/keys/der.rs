//! DER (X.690) of what has no type in the crates that we use: one element at a time.

/// A sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// A set.
pub(crate) const SET: u8 = 0x31;

/// A tag, the length, and the parts one after the other.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut element = vec![tag];
    if length < 0x80 {
        element.extend(u8::try_from(length));
    } else {
        let octets = length.to_be_bytes();
        let start = octets.iter().take_while(|octet| **octet == 0).count();
        element.extend(u8::try_from(octets.len() - start).map(|count| 0x80 | count));
        element.extend(octets.iter().skip(start));
    }
    for part in parts {
        element.extend_from_slice(part);
    }
    element
}

/// A sequence of parts.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(element(0x04, &[]), [0x04, 0x00]);
        assert_eq!(
            element(0x04, &[&[7; 127]]).get(..2),
            Some(&[0x04, 0x7f][..])
        );
        assert_eq!(
            element(0x04, &[&[7; 100], &[7; 28]]).get(..3),
            Some(&[0x04, 0x81, 0x80][..])
        );
        assert_eq!(
            element(0x30, &[&[7; 256]]).get(..4),
            Some(&[0x30, 0x82, 0x01, 0x00][..])
        );
    }
}
