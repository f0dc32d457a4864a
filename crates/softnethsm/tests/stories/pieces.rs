//! Questions that come in one piece, and in several.

use std::thread;
use std::time::Duration;

use nethsm::key::{GenerateKey, KeyMechanism, KeyType};
use nethsm::user::UserRole;

use crate::device::{ADMIN, Desk, OPERATOR, add_user};

const QUESTION: &[u8] = br#"{"mode":"EdDSA","message":"YQ=="}"#;
const BROKEN: &[u8] = br#"{"mode":"EdDSA","message""#;

/// Longer than the pause after a wrong passphrase.
const PAUSE: Duration = Duration::from_millis(1100);

/// A device at work with the keys `a`, for Ed25519, and `r`, for RSA.
fn desk() -> Desk {
    let desk = Desk::at_work();
    let keys = [
        ("a", KeyType::Curve25519, KeyMechanism::EdDsaSignature),
        ("r", KeyType::Rsa, KeyMechanism::RsaSignaturePkcs1),
    ];
    for (id, key_type, mechanism) in keys {
        let mut wish = GenerateKey::new(key_type, vec![mechanism]);
        wish.id = Some(id.parse().expect("a name"));
        wish.length = (key_type == KeyType::Rsa).then_some(2048);
        desk.admin().generate_key(&wish).expect("made");
    }
    desk
}

/// The ways in which a body can come.
fn ways(body: &[u8]) -> [Vec<&[u8]>; 4] {
    let (start, end) = body.split_at(9);
    [
        vec![body],
        vec![b"", body],
        vec![start, end],
        vec![b"", start, end],
    ]
}

#[test]
fn in_how_many_pieces_a_question_comes_makes_no_difference() {
    let desk = desk();
    add_user(&desk.admin(), "other", UserRole::Operator, OPERATOR);
    let ask = |key: &str, login: &str, pieces: &[&[u8]]| {
        let path = format!("/api/v1/keys/{key}/sign");
        desk.ask("POST", &path).by(login).send_in_pieces(pieces)
    };
    let operator = format!("operator:{OPERATOR}");
    let mut signatures = Vec::new();
    for way in ways(QUESTION) {
        for key in ["a", "a"] {
            let reply = ask(key, &operator, &way);
            assert_eq!(reply.status, 200, "{way:?}");
            signatures.push(reply.body);
        }
        assert_eq!(ask("b", &operator, &way).status, 404, "{way:?}");
        assert_eq!(ask("r", &operator, &way).status, 400, "{way:?}");
        let admin = format!("admin:{ADMIN}");
        assert_eq!(ask("a", &admin, &way).status, 403, "{way:?}");
    }
    signatures.dedup();
    assert_eq!(signatures.len(), 1, "Ed25519 is deterministic");
    for way in ways(BROKEN) {
        assert_eq!(ask("a", &operator, &way).status, 400, "{way:?}");
        // Who asks is looked at before what they ask.
        let wrong = ask("a", "other:not the passphrase", &way);
        assert_eq!(wrong.status, 401, "{way:?}");
        thread::sleep(PAUSE);
    }
}

#[test]
fn whoever_was_known_a_moment_ago_is_still_checked() {
    let desk = desk();
    let ask = |passphrase: &str| {
        let question = desk.ask("POST", "/api/v1/keys/a/sign");
        let reply = question.by(&format!("operator:{passphrase}"));
        reply.send(QUESTION).status
    };
    assert_eq!([ask(OPERATOR), ask(OPERATOR)], [200, 200]);

    // Someone guesses from the same address: nobody of that name is heard for a second.
    assert_eq!([ask("not the passphrase"), ask(OPERATOR)], [401, 429]);
    thread::sleep(PAUSE);
    assert_eq!([ask(OPERATOR), ask(OPERATOR)], [200, 200]);

    let key = "a".parse().expect("a name");
    desk.admin()
        .put_key_tag(&key, &"secret".parse().expect("a tag"))
        .expect("tagged");
    assert_eq!(ask(OPERATOR), 403, "without the tag");

    desk.admin().lock().expect("locked");
    assert_eq!(ask(OPERATOR), 412);
}
