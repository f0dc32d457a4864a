//! A share as one line, in Bech32m.

use bech32::{Bech32m, Hrp, primitives::decode::CheckedHrpstring};
use zeroize::Zeroizing;

use crate::{SecretText, Share, Unreadable, octets};

const PART: &str = "signstar-share";
const PREFIX: &str = "signstar-share1";
/// 440 bits in characters of 5, and a checksum of 6.
const LENGTH: usize = PREFIX.len() + octets::LENGTH * 8 / 5 + 6;
/// In the order of their values (BIP-173).
const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

pub(crate) fn write(octets: &[u8; octets::LENGTH]) -> SecretText {
    let mut text = SecretText::with_capacity(LENGTH);
    #[expect(clippy::expect_used, reason = "part and length are constant")]
    bech32::encode_lower_to_fmt::<Bech32m, _>(&mut text, Hrp::parse_unchecked(PART), octets)
        .expect("a short text");
    text
}

pub(crate) fn read(input: &str) -> Result<Share, Unreadable> {
    let text = input
        .strip_suffix('\n')
        .map_or(input, |line| line.strip_suffix('\r').unwrap_or(line));
    if !begins(text) {
        return Err(Unreadable::NotAShare);
    }
    let mut lower = SecretText::with_capacity(text.len());
    lower.expose_mut().push_str(text);
    lower.expose_mut().make_ascii_lowercase();
    let strange = lower.expose().chars().skip(PREFIX.len());
    if let Some(at) = strange
        .into_iter()
        .position(|letter| !ALPHABET.contains(letter))
    {
        return Err(Unreadable::Character {
            position: PREFIX.len() + at + 1,
        });
    }
    let is_upper = text.bytes().all(|letter| !letter.is_ascii_lowercase());
    if !is_upper && lower.expose() != text {
        return Err(Unreadable::MixedCase);
    }
    match decoded(lower.expose()) {
        Some(octets) => octets::decode(&octets),
        None if text.len() != LENGTH => Err(Unreadable::Characters {
            found: text.len(),
            expected: LENGTH,
        }),
        None => Err(Unreadable::Damaged {
            position: wrong_character(&mut lower),
        }),
    }
}

/// Whether it begins like a share, however it goes on.
pub(crate) fn begins(text: &str) -> bool {
    text.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The octets, if the checksum of the text fits.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let checked = CheckedHrpstring::new::<Bech32m>(text).ok()?;
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    octets.extend(checked.byte_iter());
    Some(octets)
}

/// The one place, counted from 1, where another character makes the checksum right.
///
/// There is at most one: texts with a right checksum differ in four places or more.
fn wrong_character(text: &mut SecretText) -> Option<usize> {
    let letters = text.expose_mut();
    (PREFIX.len()..letters.len()).find_map(|at| {
        let old = Zeroizing::new(letters.get(at..=at)?.to_owned());
        let found = ALPHABET.split_inclusive(|_| true).any(|letter| {
            letters.replace_range(at..=at, letter);
            decoded(letters).is_some_and(|octets| octets::is_whole(&octets))
        });
        letters.replace_range(at..=at, &old);
        found.then_some(at + 1)
    })
}
