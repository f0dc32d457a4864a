//! What people and cameras make of a share.

use proptest::{prelude::*, sample};
use signstar_shares::{Share, Unreadable, near_words};

use crate::{made, read};

/// Whether both are the same in every respect.
fn same(one: &Share, two: &Share) -> bool {
    one.to_text().expose() == two.to_text().expose()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_representation_comes_back(count in 2..=16_u8, which: sample::Index) {
        let (sealed, shares) = made(b"secret", 2, count);
        let share = &shares[which.index(shares.len())];
        for text in [share.to_text(), share.to_words()] {
            for text in [text.expose().to_owned(), text.expose().to_uppercase() + "\r\n"] {
                let back = read(&text).expect("its own text");
                prop_assert!(same(&back, share));
                prop_assert_eq!(sealed.check(&back), Ok(()));
                prop_assert_eq!(back.set_id(), sealed.set_id());
                prop_assert_eq!(back.scheme(), sealed.scheme());
                prop_assert_eq!(back.index(), share.index());
            }
        }
    }
}

fn flipped(text: &str) -> impl Iterator<Item = String> {
    (0..text.len() * 8).filter_map(|bit| {
        let mut octets = text.as_bytes().to_vec();
        octets[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(octets).ok()
    })
}

#[test]
fn any_bit_that_flips_in_a_text_is_noticed() {
    let (_, shares) = made(b"secret", 3, 5);
    for text in flipped(shares[1].to_text().expose()) {
        assert!(read(&text).is_err(), "{text}");
    }
}

#[test]
fn any_bit_that_flips_in_words_is_noticed_unless_it_means_the_same() {
    let (_, shares) = made(b"secret", 3, 5);
    let words = shares[1].to_words();
    for text in flipped(words.expose()) {
        if let Ok(share) = read(&text) {
            assert!(same(&share, &shares[1]));
            assert_eq!(text.to_ascii_lowercase(), words.expose());
        }
    }
}

#[test]
fn a_wrong_character_is_pointed_at() {
    let (_, shares) = made(b"secret", 3, 5);
    let text = shares[0].to_text();
    for at in 15..text.expose().len() {
        let wrong = if &text.expose()[at..=at] == "q" {
            "p"
        } else {
            "q"
        };
        let mut typed = text.expose().to_owned();
        typed.replace_range(at..=at, wrong);
        let position = Some(at + 1);
        assert_eq!(read(&typed).err(), Some(Unreadable::Damaged { position }));
    }
}

#[test]
fn a_wrong_word_is_pointed_at() {
    let (_, shares) = made(b"secret", 3, 5);
    let words = shares[0].to_words();
    let words: Vec<&str> = words.expose().split(' ').collect();
    assert_eq!(words.len(), 40);
    for at in [0, 17, 39] {
        let mut typed = words.clone();
        typed[at] = if typed[at] == "zoo" { "zone" } else { "zoo" };
        let position = Some(at + 1);
        let damaged = Unreadable::Damaged { position };
        assert_eq!(read(&typed.join(" ")).err(), Some(damaged));
        assert_eq!(
            damaged.to_string(),
            format!("the share is damaged, probably in place {}", at + 1)
        );
    }
}

#[test]
fn a_word_that_is_none_can_be_asked_about() {
    let (_, shares) = made(b"secret", 3, 5);
    let words = shares[0].to_words();
    let mut typed: Vec<&str> = words.expose().split(' ').collect();
    typed[11] = "univrese";
    let unknown = read(&typed.join(" ")).err().expect("unknown");
    assert_eq!(unknown, Unreadable::UnknownWord { position: 12 });
    assert!(
        !unknown.to_string().contains("univrese"),
        "the word is as secret as the share"
    );
    assert_eq!(near_words(typed[11]), ["universe"]);
}

#[test]
fn garbage_gets_an_answer_that_helps() {
    let many = "zoo ".repeat(100_000);
    for (garbage, expected) in [
        ("", Unreadable::NotAShare),
        (" \n", Unreadable::NotAShare),
        ("hello", Unreadable::NotAShare),
        ("ssh-ed25519 AAAA", Unreadable::UnknownWord { position: 1 }),
        ("signstar-shaıre1qqq", Unreadable::NotAShare),
        ("signstar-share1qqä", Unreadable::Character { position: 18 }),
        (
            "signstar-share1qqqqqq",
            Unreadable::Characters {
                found: 21,
                expected: 109,
            },
        ),
        (
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
            Unreadable::Encrypted,
        ),
        (
            "age-encryption.org/v1\n-> ssh-ed25519\n",
            Unreadable::Encrypted,
        ),
        (
            "zoo zoo",
            Unreadable::Words {
                found: 2,
                expected: 40,
            },
        ),
        (
            &many,
            Unreadable::Words {
                found: 100_000,
                expected: 40,
            },
        ),
    ] {
        let refused = read(garbage).err().expect("no share");
        assert_eq!(refused, expected);
        assert!(!refused.hint().is_empty());
    }
}
