//! Boxes that open, and boxes that stay closed.

use proptest::{collection, prelude::*, sample};
use signstar_shares::{CannotOpen, Opened, Receipt, Scheme, SealedBox, Secret, Share, split};

use crate::{again, made};

/// Randomness that is a number and repeats: good enough for tests, and the same every time.
fn seeded(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), std::convert::Infallible> {
    let mut state = seed;
    move |octets| {
        for octet in octets {
            // The step of SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *octet = (mixed ^ (mixed >> 27)).to_be_bytes()[0];
        }
        Ok(())
    }
}

fn schemes() -> impl Strategy<Value = Scheme> {
    (2_u8..=16)
        .prop_flat_map(|count| (2..=count, Just(count)))
        .prop_map(|(threshold, count)| Scheme::new(threshold, count).expect("in bounds"))
}

proptest! {
    #[test]
    fn any_threshold_of_shares_opens_the_box_and_fewer_do_not(
        secret in collection::vec(any::<u8>(), 1..300),
        scheme in schemes(),
        seed: u64,
        order in Just((0..16_usize).collect::<Vec<_>>()).prop_shuffle(),
        more in 0..16_usize,
    ) {
        let secret = Secret::new(secret).expect("a secret");
        let (sealed, shares) = split(&secret, scheme, seeded(seed)).expect("randomness");
        let order: Vec<&Share> = order.iter().filter_map(|i| shares.get(*i)).collect();
        let enough = usize::from(scheme.threshold());
        let given = (enough + more).min(order.len());
        let opened = sealed.open(order[..given].iter().copied()).map(Opened::into_secret);
        prop_assert_eq!(opened.as_ref().map(Secret::expose), Ok(secret.expose()));
        prop_assert_eq!(
            sealed.open(order[..enough - 1].iter().copied()).err(),
            Some(CannotOpen::TooFew { given: enough - 1, needed: scheme.threshold() })
        );
    }

    #[test]
    fn a_box_has_one_spelling_and_any_change_is_noticed(
        secret in collection::vec(any::<u8>(), 1..100),
        seed: u64,
        at: sample::Index,
        bit in 0..8_u32,
    ) {
        let secret = Secret::new(secret).expect("a secret");
        let scheme = Scheme::new(2, 3).expect("a scheme");
        let (sealed, shares) = split(&secret, scheme, seeded(seed)).expect("randomness");
        let mut octets = sealed.to_string().into_bytes();
        prop_assert_eq!(SealedBox::parse(&sealed.to_string()), Ok(sealed));
        let at = at.index(octets.len());
        octets[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(octets)
            && let Ok(changed) = SealedBox::parse(&text)
        {
            prop_assert!(changed.open(&shares).is_err());
        }
    }
}

#[test]
fn every_triple_of_five_opens_the_box_and_no_pair_does() {
    let (sealed, shares) = made(b"passphrases", 3, 5);
    for i in 0..5 {
        for j in (0..5).filter(|&j| j != i) {
            let two = [&shares[i], &shares[j]];
            let too_few = CannotOpen::TooFew {
                given: 2,
                needed: 3,
            };
            assert_eq!(sealed.open(two).err(), Some(too_few));
            for k in (0..5).filter(|&k| k != i && k != j) {
                let opened = sealed.open([&shares[i], &shares[j], &shares[k]]);
                assert_eq!(opened.expect("enough").secret().expose(), b"passphrases");
            }
        }
    }
}

/// With the right randomness, two shares of three are those of any key whatever.
#[test]
fn fewer_than_the_threshold_fit_every_key() {
    // A line through share 1 for each octet of a key: the slope is what is missing.
    let scheme = Scheme::new(2, 2).expect("a scheme");
    let secret = Secret::new(vec![0]).expect("a secret");
    let value_of_share_1 = |key: u8, slope: u8| {
        let mut parts = [[key; 32], [slope; 32], [0; 32]].into_iter();
        let random = |octets: &mut [u8]| {
            octets.copy_from_slice(&parts.next().expect("three times"));
            Ok::<(), ()>(())
        };
        let (_, shares) = split(&secret, scheme, random).expect("randomness");
        let words = shares[0].to_words();
        // Behind version, scheme, number and set id: octets 19 to 50 of 55.
        let words: Vec<String> = words.expose().split(' ').map(str::to_owned).collect();
        words[15..36].join(" ")
    };
    let seen = value_of_share_1(0, 0xa5);
    for key in 0..=255 {
        // Share 1 is at x = 1, where a line is the sum of both.
        assert_eq!(value_of_share_1(key, key ^ 0xa5), seen, "{key}");
    }
}

#[test]
fn mixed_up_shares_are_told_apart() {
    let (sealed, shares) = made(b"these", 2, 3);
    let (other, others) = made(b"those", 2, 3);
    assert_eq!(sealed.open([]).err(), Some(CannotOpen::NoShares));
    assert_eq!(
        sealed.open([&others[0], &shares[1]]).err(),
        Some(CannotOpen::OtherSet {
            index: 1,
            found: other.set_id(),
            expected: sealed.set_id(),
        })
    );
    let other_box = CannotOpen::OtherBox {
        shares: shares[0].set_id(),
        sealed: other.set_id(),
    };
    assert_eq!(other.open(&shares[..2]).err(), Some(other_box));
    assert_eq!(other.check(&shares[0]), Err(other_box));
    let twice = [&shares[1], &again(&shares[1])];
    assert_eq!(
        sealed.open(twice).err(),
        Some(CannotOpen::Twice { index: 2 })
    );
    for error in [other_box, CannotOpen::NoShares, CannotOpen::DamagedBox] {
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn sharing_the_same_secret_again_makes_other_shares() {
    let (sealed, shares) = made(b"the same", 2, 3);
    let (anew, fresh) = made(b"the same", 2, 3);
    assert_ne!(sealed.set_id(), anew.set_id());
    let mixed = anew.open([&shares[0], &fresh[1]]).err();
    assert!(matches!(mixed, Some(CannotOpen::OtherSet { index: 1, .. })));
    // Who kept the old box can still open it.
    assert_eq!(
        sealed.open(&shares).expect("whole").secret().expose(),
        b"the same"
    );
}

#[test]
fn new_credentials_need_no_new_shares() {
    let (sealed, shares) = made(b"old", 2, 3);
    let opened = sealed.open(&shares[..2]).expect("enough");
    let new = Secret::new(b"new".to_vec()).expect("a secret");
    let resealed = opened.reseal(&new, getrandom::fill).expect("randomness");
    let again = opened.reseal(&new, getrandom::fill).expect("randomness");
    assert_ne!(resealed, again, "no box key is used twice");
    assert_eq!(resealed.set_id(), sealed.set_id());
    let reopened = resealed.open(&shares[1..]).expect("enough");
    assert_eq!(reopened.into_secret().expose(), b"new");
    assert_eq!(
        sealed.open(&shares[1..]).expect("enough").secret().expose(),
        b"old"
    );
}

#[test]
fn a_holder_confirms_without_handing_in() {
    let (sealed, shares) = made(b"secret", 2, 3);
    let (_, others) = made(b"secret", 2, 3);
    let receipt = shares[2].receipt();
    let sent = format!("{receipt}  -\n")
        .parse::<Receipt>()
        .expect("as sha256sum prints");
    assert_eq!(sealed.confirms(&sent), Some(3));
    assert_eq!(sealed.confirms(&others[2].receipt()), None);
    for wrong in [
        "",
        "0",
        &receipt.to_string().to_uppercase(),
        &format!("{receipt} -"),
    ] {
        assert!(wrong.parse::<Receipt>().is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for (threshold, count) in [
        (0, 0),
        (0, 3),
        (1, 1),
        (1, 3),
        (4, 3),
        (2, 17),
        (17, 17),
        (2, 255),
    ] {
        let refused = Scheme::new(threshold, count).expect_err("no scheme");
        assert_eq!((refused.threshold, refused.count), (threshold, count));
    }
    for text in [
        "3of5", "3 of 5 ", "03 of 5", "+3 of 5", "6 of 5", "3 of", "", "x of y",
    ] {
        assert!(text.parse::<Scheme>().is_err(), "{text}");
    }
    let scheme: Scheme = "3 of 5".parse().expect("a scheme");
    assert_eq!((scheme.threshold(), scheme.count()), (3, 5));
    assert!(Secret::new(vec![]).is_err());
    assert!(Secret::new(vec![0; 65_537]).is_err());
}

#[test]
fn the_longest_secret_fits() {
    let (sealed, shares) = made(&[7; 65_536], 16, 16);
    let text = sealed.to_string();
    assert!(text.len() <= SealedBox::MAX_OCTETS);
    let sealed = SealedBox::parse(&text).expect("its own text");
    assert_eq!(
        sealed.open(&shares).expect("all").secret().expose(),
        [7; 65_536]
    );
}

#[test]
fn without_randomness_nothing_is_made() {
    let secret = Secret::new(vec![1]).expect("a secret");
    let scheme = Scheme::new(3, 5).expect("a scheme");
    for good in 0..4 {
        let mut left = good;
        let random = |_: &mut [u8]| {
            left -= 1;
            if left < 0 { Err("no more") } else { Ok(()) }
        };
        assert_eq!(
            split(&secret, scheme, random).err(),
            Some("no more"),
            "{good}"
        );
    }
}
