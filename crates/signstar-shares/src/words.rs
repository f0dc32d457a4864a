//! A share on paper: words of a list.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::{SecretText, Share, Unreadable, octets};

/// The list of spec/words.txt, in alphabetical order.
static LIST: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../../spec/words.txt").lines().collect());

/// 440 bits, 11 in each.
const COUNT: usize = octets::LENGTH * 8 / BITS;
const BITS: usize = 11;
/// The longest word and a space.
const LONGEST: usize = 9;
/// A share of a newer version has no more than this.
const MOST: usize = 1024;

pub(crate) fn write(octets: &[u8; octets::LENGTH]) -> SecretText {
    let mut text = SecretText::with_capacity(COUNT * LONGEST);
    for number in numbers(octets).iter() {
        let text = text.expose_mut();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(LIST.get(usize::from(*number)).unwrap_or(&""));
    }
    text
}

pub(crate) fn read(input: &str) -> Result<Share, Unreadable> {
    let found = input.split_ascii_whitespace().count();
    if found == 0 {
        return Err(Unreadable::NotAShare);
    }
    if found > MOST {
        return Err(Unreadable::Words {
            found,
            expected: COUNT,
        });
    }
    let mut numbers = Zeroizing::new(Vec::with_capacity(found));
    for (at, word) in input.split_ascii_whitespace().enumerate() {
        let number = number(word).ok_or(Unreadable::UnknownWord { position: at + 1 })?;
        numbers.push(number);
    }
    match joined(&numbers).filter(|octets| octets::is_whole(octets)) {
        Some(octets) => octets::decode(&octets),
        None if found != COUNT => Err(Unreadable::Words {
            found,
            expected: COUNT,
        }),
        None => Err(Unreadable::Damaged {
            position: wrong_word(&mut numbers),
        }),
    }
}

/// Up to five words of the list that may be meant by `word`, the likeliest first.
///
/// For the one who typed it: the answer is as secret as the word.
pub fn near_words(word: &str) -> Vec<&'static str> {
    let word = Zeroizing::new(word.to_ascii_lowercase());
    let four = |word: &str| word.get(..4).map(str::len).is_some();
    let begins = |other: &str| four(&word) && four(other) && word.get(..4) == other.get(..4);
    let mut near: Vec<(usize, &str)> = LIST
        .iter()
        .map(|other| {
            // Four letters tell all words apart: what begins with them is likelier than what is near.
            let distance = strsim::damerau_levenshtein(&word, other);
            (if begins(other) { 0 } else { distance }, *other)
        })
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(5).map(|(_, word)| word).collect()
}

fn number(word: &str) -> Option<u16> {
    let mut lower = SecretText::with_capacity(word.len());
    lower.expose_mut().push_str(word);
    lower.expose_mut().make_ascii_lowercase();
    let found = LIST.binary_search(&lower.expose()).ok()?;
    u16::try_from(found).ok()
}

/// The octets as numbers of 11 bits.
fn numbers(octets: &[u8]) -> Zeroizing<Vec<u16>> {
    let mut numbers = Zeroizing::new(Vec::with_capacity(octets.len() * 8 / BITS));
    let (mut held, mut bits) = (Zeroizing::new(0_u32), 0);
    for octet in octets {
        *held = *held << 8 | u32::from(*octet);
        bits += 8;
        if bits >= BITS {
            bits -= BITS;
            numbers.push(low_bits(*held >> bits));
        }
    }
    numbers
}

fn low_bits(held: u32) -> u16 {
    u16::try_from(held & 0x7ff).unwrap_or_default()
}

/// The numbers as octets; `None` unless fewer than 8 bits are left over, all of them 0.
fn joined(numbers: &[u16]) -> Option<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(numbers.len() * BITS / 8));
    let (mut held, mut bits) = (Zeroizing::new(0_u32), 0);
    for number in numbers {
        *held = *held << BITS | u32::from(*number);
        bits += BITS;
        while bits >= 8 {
            bits -= 8;
            let [_, _, _, octet] = (*held >> bits).to_be_bytes();
            octets.push(octet);
        }
    }
    (*held & ((1 << bits) - 1) == 0).then_some(octets)
}

/// The one place, counted from 1, where another word, or the next one, makes the checksum right.
fn wrong_word(numbers: &mut [u16]) -> Option<usize> {
    let fits = |numbers: &[u16]| joined(numbers).is_some_and(|octets| octets::is_whole(&octets));
    for at in 1..numbers.len() {
        numbers.swap(at - 1, at);
        let found = fits(numbers);
        numbers.swap(at - 1, at);
        if found {
            return Some(at);
        }
    }
    for at in 0..numbers.len() {
        let Some(old) = numbers.get(at).copied() else {
            continue;
        };
        let found = (0..1 << BITS).any(|other| {
            if let Some(number) = numbers.get_mut(at) {
                *number = other;
            }
            fits(numbers)
        });
        if let Some(number) = numbers.get_mut(at) {
            *number = old;
        }
        if found {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_published_one() {
        let published = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda";
        let list = include_str!("../../../spec/words.txt");
        let found: [u8; 32] = crate::hash::sha256(&[list.as_bytes()]);
        assert_eq!(hex::encode(found), published);
        assert_eq!(LIST.len(), 1 << BITS);
        assert!(LIST.is_sorted());
        assert!(LIST.iter().all(|word| word.len() < LONGEST));
    }

    #[test]
    fn what_was_meant_is_suggested() {
        assert_eq!(near_words("Abandn").first(), Some(&"abandon"));
        assert_eq!(near_words("abandonment"), ["abandon"]);
        assert!(near_words("recieve").contains(&"receive"));
        assert_eq!(near_words("xyzzyxyzzy"), [""; 0]);
        assert!(near_words("ü").len() <= 5);
    }

    #[test]
    fn bits_left_over_are_zero() {
        // 2 words are 22 bits: 2 octets, and 6 bits left over.
        assert_eq!(joined(&[0x7ff, 0x7c0]).as_deref(), Some(&vec![0xff, 0xff]));
        assert!(joined(&[0x7ff, 0x7c1]).is_none());
    }
}
