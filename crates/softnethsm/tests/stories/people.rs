//! Who may do what: namespaces, tags, passphrases.

use nethsm::client::{Client, Error};
use nethsm::id::KeyId;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, SignMode, SignRequest};
use nethsm::system::{Switch, SystemState};
use nethsm::user::UserRole;

use crate::device::{ADMIN, Desk, UNLOCK, add_user, login, passphrase};

fn make(admin: &Client, id: &str) -> KeyId {
    let mut wish = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
    wish.id = Some(id.parse().expect("a name"));
    admin.generate_key(&wish).expect("made")
}

fn sign(operator: &Client, key: &KeyId) -> Result<Vec<u8>, Error> {
    operator.sign(
        key,
        &SignRequest {
            mode: SignMode::EdDsa,
            message: b"x".to_vec().into(),
        },
    )
}

#[test]
fn namespaces_do_not_see_each_other() {
    let desk = Desk::at_work();
    let root = desk.admin();
    for namespace in ["a", "b"] {
        add_user(
            &root,
            &format!("{namespace}~admin"),
            UserRole::Administrator,
            ADMIN,
        );
        let early = login(&desk.client(), &format!("{namespace}~admin"), ADMIN);
        assert!(
            matches!(early.keys(), Err(Error::Forbidden { .. })),
            "no namespace yet"
        );
        root.put_namespace(&namespace.parse().expect("a name"))
            .expect("created");
    }
    let [a, b] = ["a~admin", "b~admin"].map(|id| login(&desk.client(), id, ADMIN));
    add_user(&a, "a~operator", UserRole::Operator, "OperatorOfA");
    add_user(&b, "b~operator", UserRole::Operator, "OperatorOfB");
    let operator_a = login(&desk.client(), "a~operator", "OperatorOfA");
    let operator_b = login(&desk.client(), "b~operator", "OperatorOfB");

    // One name, three keys.
    let key = make(&root, "k");
    make(&a, "k");
    make(&b, "k");
    let signatures =
        [&desk.operator(), &operator_a, &operator_b].map(|user| sign(user, &key).expect("signed"));
    assert_ne!(signatures[0], signatures[1]);
    assert_ne!(signatures[1], signatures[2]);
    let only_a = make(&a, "only-a");
    assert!(matches!(
        sign(&operator_b, &only_a),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        sign(&desk.operator(), &only_a),
        Err(Error::NotFound { .. })
    ));
    assert_eq!(b.keys().expect("keys"), std::slice::from_ref(&key));

    // The root administrator does not manage the users of a namespace that is there.
    let id = "a~operator".parse().expect("a name");
    assert!(matches!(
        root.delete_user(&id),
        Err(Error::Forbidden { .. })
    ));
    assert!(matches!(b.delete_user(&id), Err(Error::Forbidden { .. })));
    assert!(matches!(a.lock(), Err(Error::Forbidden { .. })));
    root.user(&id).expect("seen");

    // With a namespace go its keys; its users stay.
    root.delete_namespace(&"a".parse().expect("a name"))
        .expect("deleted");
    assert!(matches!(
        sign(&operator_a, &key),
        Err(Error::Forbidden { .. })
    ));
    root.put_namespace(&"a".parse().expect("a name"))
        .expect("created");
    assert!(a.keys().expect("keys").is_empty());
    sign(&operator_b, &key).expect("b is as it was");
}

#[test]
fn tags_say_who_may_sign() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let operator = desk.operator();
    let key = make(&admin, "k");
    sign(&operator, &key).expect("no tags yet");
    let tag = "release".parse().expect("a tag");
    admin.put_key_tag(&key, &tag).expect("restricted");
    assert!(matches!(
        sign(&operator, &key),
        Err(Error::Forbidden { .. })
    ));
    admin
        .put_user_tag(&"operator".parse().expect("a name"), &tag)
        .expect("given");
    sign(&operator, &key).expect("shares a tag");
    admin
        .delete_user_tag(&"operator".parse().expect("a name"), &tag)
        .expect("taken");
    assert!(matches!(
        sign(&operator, &key),
        Err(Error::Forbidden { .. })
    ));
}

#[test]
fn an_old_passphrase_ends_at_once() {
    let desk = Desk::at_work();
    let operator = desk.operator();
    operator.random(1).expect("logged in, and remembered");
    let id = "operator".parse().expect("a name");
    operator
        .set_user_passphrase(&id, passphrase("another passphrase"))
        .expect("changed");
    assert!(matches!(operator.random(1), Err(Error::Unauthorized)));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let operator = login(&desk.client(), "operator", "another passphrase");
    operator.random(1).expect("logged in");
    desk.admin().delete_user(&id).expect("deleted");
    assert!(matches!(operator.random(1), Err(Error::Unauthorized)));
}

#[test]
fn a_device_starts_locked_unless_told_otherwise() {
    let desk = Desk::at_work();
    make(&desk.admin(), "k");
    let desk = desk.restarted();
    assert_eq!(desk.client().state().expect("a state"), SystemState::Locked);
    desk.client().unlock(passphrase(UNLOCK)).expect("unlocked");

    desk.admin().set_unattended_boot(Switch::On).expect("on");
    let new = "another unlock passphrase";
    desk.admin()
        .set_unlock_passphrase(passphrase(new), passphrase(UNLOCK))
        .expect("changed");
    let desk = desk.restarted();
    assert_eq!(
        desk.client().state().expect("a state"),
        SystemState::Operational
    );
    assert_eq!(desk.admin().keys().expect("keys").len(), 1);
    desk.admin().reboot().expect("rebooted");
    assert_eq!(
        desk.client().state().expect("a state"),
        SystemState::Operational
    );

    desk.admin().set_unattended_boot(Switch::Off).expect("off");
    desk.admin().reboot().expect("rebooted");
    assert_eq!(desk.client().state().expect("a state"), SystemState::Locked);
    assert!(
        desk.client().unlock(passphrase(UNLOCK)).is_err(),
        "the old one"
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    desk.client().unlock(passphrase(new)).expect("unlocked");
}
