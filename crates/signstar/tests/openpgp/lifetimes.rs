//! Certificates that are renewed, extended and revoked, as `gpg` sees it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use signstar::sign::{
    Certificate, InvalidCertificate, InvalidRevocation, Reason, Renewal, Revocation, Terms,
};

use crate::{
    FILE, Software, USER_ID, birth, certificate, enclave, now, programs::Room, sign, state,
};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const OTHER_ID: &str = "Example Images <images@example.org>";

fn ending(at: SystemTime) -> Terms {
    Terms {
        expires: Some(at),
        ..Terms::default()
    }
}

#[test]
fn a_certificate_ends_when_it_says() {
    let key = Software::ed25519();
    let end = birth() + YEAR;
    let made = Certificate::issue_with(&key.public(), &[USER_ID], &ending(end), birth(), &key)
        .expect("a certificate");
    assert_eq!(made.expires(), Some(end));
    assert_eq!(made.created(), birth());
    assert_eq!(certificate(&key).expires(), None);
    for bad in [
        birth(),
        birth() - YEAR,
        SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 34),
    ] {
        let made = Certificate::issue_with(&key.public(), &[USER_ID], &ending(bad), birth(), &key);
        assert!(matches!(made, Err(InvalidCertificate::Expiry)), "{made:?}");
    }
}

#[test]
fn a_renewed_certificate_is_that_of_the_same_key() {
    for (kind, key) in Software::all() {
        let first = ending(birth() + Duration::from_secs(60));
        let made = Certificate::issue_with(&key.public(), &[USER_ID], &first, birth(), &key)
            .expect("a certificate");
        // An hour later it has ended.
        sign(FILE, &enclave(made.clone(), key.clone())).expect_err(kind);

        let renewal = Renewal {
            terms: ending(birth() + YEAR),
            add: &[OTHER_ID],
            drop: &[],
        };
        let renewed = made.renew(&renewal, now(), &key).expect("a certificate");
        assert_eq!(renewed.fingerprint(), made.fingerprint(), "{kind}");
        assert_eq!(renewed.expires(), Some(birth() + YEAR), "{kind}");
        let ids: Vec<_> = renewed.bound_user_ids().collect();
        assert_eq!(ids, [USER_ID, OTHER_ID], "{kind}");

        let octets = renewed.to_octets().expect("octets");
        let read = Certificate::parse(&octets).expect("what was made");
        assert_eq!(read.expires(), renewed.expires(), "{kind}");
        let detached = sign(FILE, &enclave(read.clone(), key)).expect(kind);
        detached.verify(&read, &state(FILE)).expect(kind);
    }
}

#[test]
fn a_user_id_that_is_taken_back_is_revoked_and_not_removed() {
    let key = Software::ed25519();
    let made = Certificate::issue(&key.public(), &[USER_ID, OTHER_ID], birth(), &key)
        .expect("a certificate");
    let drop = |ids| Renewal {
        drop: ids,
        ..Renewal::default()
    };
    let renewed = made
        .renew(&drop(&[USER_ID]), now(), &key)
        .expect("one left");
    assert_eq!(renewed.bound_user_ids().collect::<Vec<_>>(), [OTHER_ID]);
    assert_eq!(renewed.user_ids().collect::<Vec<_>>(), [USER_ID, OTHER_ID]);

    let none = made.renew(&drop(&[USER_ID, OTHER_ID]), now(), &key);
    assert!(matches!(none, Err(InvalidCertificate::Unbound)), "{none:?}");
    let later = now() + Duration::from_secs(1);
    for ids in [&[USER_ID][..], &["Nobody <nobody@example.org>"]] {
        let unknown = renewed.renew(&drop(ids), later, &key);
        assert!(
            matches!(unknown, Err(InvalidCertificate::Unexpected(..))),
            "{unknown:?}"
        );
    }
}

#[test]
fn the_older_statement_never_wins() {
    let key = Software::ed25519();
    let made = certificate(&key);
    let renewed = made.renew(&Renewal::default(), birth(), &key);
    assert!(
        matches!(renewed, Err(InvalidCertificate::NotNewer)),
        "{renewed:?}"
    );
}

#[test]
fn another_key_renews_nothing() {
    let made = certificate(&Software::ed25519());
    let renewed = made.renew(&Renewal::default(), now(), &Software::ed25519());
    assert!(
        matches!(renewed, Err(InvalidCertificate::Issue(_))),
        "{renewed:?}"
    );
}

#[test]
fn terms_can_be_taken_over() {
    let key = Software::ed25519();
    let terms = Terms {
        expires: Some(birth() + YEAR),
        notations: BTreeMap::from([("purpose@example.org".to_owned(), "packages".to_owned())]),
    };
    let made = Certificate::issue_with(&key.public(), &[USER_ID], &terms, birth(), &key)
        .expect("a certificate");
    assert_eq!(Renewal::terms_of(&made), terms);
}

#[test]
fn user_ids_that_lie_to_a_reader_are_refused() {
    let key = Software::ed25519();
    for bad in ["", " Example", "Example\n", "a\u{202e}b", &"x".repeat(256)] {
        let made = Certificate::issue(&key.public(), &[bad], birth(), &key);
        assert!(
            matches!(made, Err(InvalidCertificate::UserId(_))),
            "{bad:?}"
        );
    }
}

#[test]
fn gpg_takes_renewals() {
    let Some(room) = Room::with("gpg") else {
        return;
    };
    for (kind, key) in Software::all() {
        let made = Certificate::issue(&key.public(), &[USER_ID, OTHER_ID], birth(), &key)
            .expect("a certificate");
        let renewal = Renewal {
            terms: ending(birth() + 50 * YEAR),
            add: &["Example Databases <databases@example.org>"],
            drop: &[OTHER_ID],
        };
        let renewed = made.renew(&renewal, now(), &key).expect("a certificate");
        for certificate in [&made, &renewed] {
            room.write("certificate.pgp", &certificate.to_octets().expect("octets"));
            room.gpg(&["--import", "certificate.pgp"]);
        }
        let list = room.gpg(&["--with-colons", "--list-keys", &made.fingerprint()]);
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        let end = (birth() + 50 * YEAR)
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("later")
            .as_secs();
        assert!(list.contains(&format!(":{end}:")), "{kind}: {list}");
        let of = |id: &str| {
            let line = list.lines().find(|line| line.contains(id)).expect("a line");
            line.split(':').nth(1).expect("validity").to_owned()
        };
        assert_eq!(of("images@"), "r", "{kind}: {list}");
        assert_ne!(of("databases@"), "r", "{kind}: {list}");
        assert_ne!(of("packages@"), "r", "{kind}: {list}");
    }
}

#[test]
fn a_revocation_made_ahead_ends_a_key() {
    let key = Software::ed25519();
    let made = certificate(&key);
    let revocation =
        Revocation::make(&made, Reason::Compromised, "stolen", now(), &key).expect("a revocation");
    let armored = revocation.to_armored().expect("armor");
    let read = Revocation::parse(armored.as_bytes()).expect("what was made");
    assert_eq!(read, revocation);
    let revoked = Certificate::parse(&read.apply(&made).expect("octets"));
    assert!(
        matches!(revoked, Err(InvalidCertificate::Revoked)),
        "{revoked:?}"
    );

    // Others have to hear of it.
    let published = Certificate::armor(&read.apply(&made).expect("octets")).expect("armor");
    assert_eq!(published, read.apply_armored(&made).expect("armor"));

    let other = certificate(&Software::ed25519());
    let error = read.apply(&other).expect_err("another key");
    assert!(matches!(error, InvalidRevocation::OtherKey(_)), "{error}");
    for bad in [&b""[..], b"-----BEGIN", &made.to_octets().expect("octets")] {
        assert!(Revocation::parse(bad).is_err());
    }
    let words = Revocation::make(&made, Reason::Retired, "a\u{1b}[2J", now(), &key);
    assert!(words.is_err(), "{words:?}");
}

#[test]
fn gpg_takes_revocations() {
    let Some(room) = Room::with("gpg") else {
        return;
    };
    for (kind, key) in Software::all() {
        let made = certificate(&key);
        let revocation = Revocation::make(&made, Reason::Retired, "a new key", now(), &key)
            .expect("a revocation");
        room.write("certificate.pgp", &made.to_octets().expect("octets"));
        room.write(
            "revocation.asc",
            revocation.to_armored().expect("armor").as_bytes(),
        );
        room.gpg(&["--import", "certificate.pgp"]);
        // It wants its database of trust for this.
        room.run("gpg", ["--batch", "--import", "revocation.asc"]);
        let list = room.gpg(&["--with-colons", "--list-keys", &made.fingerprint()]);
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        assert!(
            list.lines().any(|line| line.starts_with("pub:r:")),
            "{kind}: {list}"
        );
    }
}
