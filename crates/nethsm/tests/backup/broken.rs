//! Whatever is wrong with a file is told, and nothing of it is taken for whole.

use nethsm::backup::{BackupKey, Error, Version};

use crate::made::{fast_key, file, values};
use crate::opened;

const BOTH: [Version; 2] = [Version::V0, Version::V1];

fn verify(bytes: &[u8]) -> Result<usize, Error> {
    Ok(opened(bytes, &fast_key())?.verify()?.values)
}

fn whole(version: Version) -> Vec<u8> {
    file(&fast_key(), version, &values(version)).expect("written")
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let whole = whole(Version::V1);
    verify(&whole).expect("sound");
    for length in 1..whole.len() {
        let error = verify(&whole[..length]).expect_err("cut short");
        assert!(matches!(error, Error::Truncated), "{length}: {error:?}");
    }
    assert!(matches!(verify(&[]), Err(Error::NoBackup)));
}

#[test]
fn an_old_file_cut_short_is_refused_unless_only_namespaces_are_gone() {
    let all = values(Version::V0);
    let whole = whole(Version::V0);
    for length in 1..whole.len() {
        match verify(&whole[..length]) {
            Err(Error::Truncated | Error::Missing(_)) => {}
            // The format has no mark for it: all but the last namespace is there.
            Ok(values) => assert_eq!(values, all.len() - 1),
            Err(error) => panic!("{length}: {error:?}"),
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    for version in BOTH {
        let whole = whole(version);
        for place in 0..whole.len() {
            // The salt is public and belongs to the passphrase: another gives another key.
            if (19..35).contains(&place) {
                continue;
            }
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            assert!(verify(&bytes).is_err(), "{version:?} at {place}");
        }
    }
}

#[test]
fn values_are_neither_missing_nor_moved_nor_twice() {
    for version in BOTH {
        let all = values(version);
        for gone in ["/authentication/.version", "/key/.version", "unlock-salt"] {
            let mut some = all.clone();
            some.retain(|(path, _)| !path.ends_with(gone));
            let bytes = file(&fast_key(), version, &some).expect("written");
            let error = verify(&bytes).expect_err("not complete");
            assert!(matches!(error, Error::Missing(_)), "{error:?}");
        }
        let empty = file(&fast_key(), version, &[]).expect("written");
        assert!(matches!(verify(&empty), Err(Error::Missing(_))));
    }
    let whole = whole(Version::V0);
    let fields = fields(&whole);
    let mut swapped = fields.clone();
    swapped.swap(5, 6);
    let error = verify(&joined(&whole, &swapped)).expect_err("swapped");
    assert!(matches!(error, Error::Order(_)), "{error:?}");
    let mut twice = fields.clone();
    twice.insert(5, fields[5].clone());
    let error = verify(&joined(&whole, &twice)).expect_err("twice");
    assert!(matches!(error, Error::Order(_)), "{error:?}");
    assert_eq!(joined(&whole, &fields), whole);
}

fn fields(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &bytes[16..];
    let mut fields = Vec::new();
    while let [high, middle, low, ..] = rest {
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        fields.push(rest[..3 + length].to_vec());
        rest = &rest[3 + length..];
    }
    fields
}

fn joined(bytes: &[u8], fields: &[Vec<u8>]) -> Vec<u8> {
    [&bytes[..16], &fields.concat()].concat()
}

#[test]
fn nothing_stands_behind_the_end() {
    let mut bytes = whole(Version::V1);
    bytes.push(0);
    assert!(matches!(verify(&bytes), Err(Error::Trailing)));
}

#[test]
fn what_is_no_backup_or_a_newer_one_says_so() {
    assert!(matches!(verify(b"PK\x03\x04"), Err(Error::NoBackup)));
    let mut bytes = whole(Version::V1);
    bytes[15] = 7;
    assert!(matches!(verify(&bytes), Err(Error::Version(7))));
}

#[test]
fn another_key_is_another_passphrase() {
    let other = BackupKey::from_bytes(&[9; 32]).expect("32 bytes");
    let error = opened(&whole(Version::V1), &other).expect_err("another key");
    assert!(matches!(error, Error::BackupPassphrase), "{error:?}");
}
