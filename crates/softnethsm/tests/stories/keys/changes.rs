//! Labels, other names, and lists of some keys.

use nethsm::client::Error;
use nethsm::id::KeyId;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, SignMode};
use nethsm::query::KeyFilter;

use super::sign;
use crate::device::Desk;

fn id(name: &str) -> KeyId {
    name.parse().expect("a name")
}

fn make(desk: &Desk, name: &str) -> KeyId {
    let mut wish = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
    wish.id = Some(id(name));
    desk.admin().generate_key(&wish).expect("made")
}

#[test]
fn a_key_that_moves_takes_everything_along() {
    let desk = Desk::at_work();
    let key = make(&desk, "old");
    let admin = desk.admin();
    admin
        .put_certificate(&key, b"a certificate".to_vec())
        .expect("set");
    admin
        .set_label(&key, "a label".parse().expect("a label"))
        .expect("set");
    let signature = sign(&desk, &key, SignMode::EdDsa, b"a message");
    let before = admin.key(&key).expect("shown");
    assert_eq!(before.operations, 1);

    let new = admin.rename_key(&key, id("new")).expect("moved");
    assert_eq!(new, id("new"));
    assert_eq!(admin.key(&new).expect("shown"), before);
    assert_eq!(admin.certificate(&new).expect("read"), b"a certificate");
    assert_eq!(sign(&desk, &new, SignMode::EdDsa, b"a message"), signature);
    assert_eq!(admin.key(&new).expect("shown").operations, 2);
    assert!(matches!(admin.key(&key), Err(Error::NotFound { .. })));
    assert!(matches!(
        admin.rename_key(&new, id("new")),
        Err(Error::Conflict { .. })
    ));
    assert!(matches!(
        admin.rename_key(&key, id("other")),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn keys_are_listed_by_how_they_start_and_by_label() {
    let desk = Desk::at_work();
    for name in ["b", "ab", "a", "a.b", "a-b", "A"] {
        make(&desk, name);
    }
    let admin = desk.admin();
    let from = |prefix: &str, filter: &KeyFilter| {
        let prefix = prefix.parse().expect("a prefix");
        let keys = admin.keys_from(&prefix, filter).expect("listed");
        keys.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let all = KeyFilter::default();
    assert_eq!(from("a", &all), ["a", "a-b", "a.b", "ab"]);
    assert_eq!(from("a.", &all), ["a.b"]);
    assert!(from("c", &all).is_empty());

    let label = "x+y z".parse().expect("a label");
    admin.set_label(&id("ab"), label).expect("set");
    let labelled = KeyFilter {
        usable: false,
        label: Some("x+y z".to_owned()),
    };
    assert_eq!(from("a", &labelled), ["ab"]);
    assert!(from("b", &labelled).is_empty());
    admin.delete_label(&id("ab")).expect("deleted");
    admin.delete_label(&id("ab")).expect("deleted again");
    assert!(from("a", &labelled).is_empty());

    admin
        .put_key_tag(&id("a"), &"berlin".parse().expect("a tag"))
        .expect("set");
    let usable = KeyFilter {
        usable: true,
        label: None,
    };
    let operators = desk
        .operator()
        .keys_from(&"a".parse().expect("a prefix"), &usable);
    assert_eq!(operators.expect("listed"), ["a-b", "a.b", "ab"].map(id));
    assert_eq!(
        from("a", &usable).len(),
        4,
        "never hidden from administrators"
    );
}
