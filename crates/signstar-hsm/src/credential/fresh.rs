//! A new passphrase.

use std::io;

use nethsm::passphrase::Passphrase;
use zeroize::Zeroizing;

/// So many characters, each of six random bits: 258 bits.
const CHARACTERS: usize = 43;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Makes up a passphrase: 43 characters of 64, from the random numbers of the system.
///
/// Fails if there are none.
pub fn made_up() -> io::Result<Passphrase> {
    let mut octets = Zeroizing::new([0; CHARACTERS]);
    getrandom::fill(&mut *octets).map_err(io::Error::other)?;
    let mut text = String::with_capacity(CHARACTERS);
    for octet in octets.iter() {
        let at = usize::from(octet & 63);
        text.push(ALPHABET.get(at).copied().map_or('A', char::from));
    }
    Ok(Passphrase::new(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_are_alike_and_a_device_takes_them() {
        let all: BTreeSet<_> = (0..100)
            .map(|_| made_up().expect("random numbers"))
            .map(|passphrase| {
                passphrase.check().expect("fit for a device");
                passphrase.expose().to_owned()
            })
            .collect();
        assert_eq!(all.len(), 100);
        assert!(all.iter().all(|text| text.len() == CHARACTERS));
        let letters: BTreeSet<_> = all.iter().flat_map(|text| text.bytes()).collect();
        assert_eq!(letters.len(), ALPHABET.len());
    }
}
