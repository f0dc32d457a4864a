//! Real (software) devices brought to what is wanted.

use jiff::Timestamp;
use nethsm::{
    client::Error,
    key::{GenerateKey, KeyMechanism, KeyType, SignMode, SignRequest},
    passphrase::Passphrase,
    system::{Switch, SystemState},
    user::UserRole,
};
use signstar::sign::Certificate;
use signstar_hsm::state::{Action, BringAboutError, Desired, Refusal, Surplus};

use crate::{
    bench::{Bench, Software},
    wishes::{USER_ID, device, ed25519, everything, id, little, path, user},
};

fn hello() -> SignRequest {
    SignRequest {
        mode: SignMode::EdDsa,
        message: b"hello".to_vec().into(),
    }
}

#[test]
fn a_fresh_device_becomes_what_it_is_to_be() {
    let mut desired = everything();
    let bench = Bench::with(1, &mut desired);
    assert!(!bench.brings_about(&desired).is_empty());

    let builder = bench.user(0, "builder");
    let packages = path("packages").id;
    assert_eq!(builder.sign(&packages, &hello()).expect("signed").len(), 64);
    let octets = builder.certificate(&packages).expect("there");
    let certificate = Certificate::parse(&octets).expect("a certificate");
    assert_eq!(certificate.user_ids().collect::<Vec<_>>(), [USER_ID]);
    let iso = path("ns~iso").id;
    let theirs = bench.user(0, "ns~builder");
    theirs.sign(&iso, &hello()).expect("signed");
    assert!(matches!(builder.key(&iso), Err(Error::NotFound { .. })));
    bench.user(0, "watch").metrics().expect("read");
    let mut backup = Vec::new();
    bench.user(0, "keeper").backup(&mut backup).expect("made");
    let admin = bench.admin(0);
    assert_eq!(admin.unattended_boot().expect("told"), Switch::On);

    assert_eq!(bench.brings_about(&desired), []);
}

#[test]
fn a_locked_device_is_unlocked_first() {
    let mut desired = little();
    let bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    desired.boot = Some(Switch::Off);
    bench.admin(0).lock().expect("locked");
    let plan = bench.plan(&desired);
    assert!(matches!(&plan.steps[..], [step] if step.action == Action::Unlock));
    let done = bench.brings_about(&desired);
    assert_eq!(done.len(), 2, "{done:?}");
}

#[test]
fn what_somebody_changed_is_changed_back() {
    let mut desired = everything();
    let bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    let admin = bench.admin(0);
    let packages = path("packages").id;
    let tag = |name: &str| name.parse().expect("a tag");
    admin
        .put_user_tag(&id("builder"), &tag("more"))
        .expect("tagged");
    admin.put_key_tag(&packages, &tag("more")).expect("tagged");
    admin
        .delete_key_tag(&packages, &tag("packages"))
        .expect("untagged");
    admin.set_unattended_boot(Switch::Off).expect("set");
    admin.delete_user(&id("watch")).expect("deleted");
    let other = Passphrase::new("somebody else's".to_owned());
    admin
        .set_user_passphrase(&id("keeper"), other)
        .expect("set");
    admin.delete_certificate(&packages).expect("deleted");
    let kept = bench.certificates.0.borrow().clone();

    let done = bench.brings_about(&desired);
    // Nobody could make a backup to see whether its passphrase is still set.
    assert_eq!(done.len(), 8, "{done:?}");
    // Not a second certificate for the same key.
    let builder = bench.user(0, "builder");
    let octets = builder.certificate(&packages).expect("there");
    assert_eq!(octets, kept[&path("packages")]);
}

#[test]
fn a_certificate_says_what_is_wanted_and_keeps_its_fingerprint() {
    let mut desired = little();
    let bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    let read = || {
        let octets = bench.user(0, "builder").certificate(&path("packages").id);
        Certificate::parse(&octets.expect("there")).expect("a certificate")
    };
    let before = read().fingerprint();
    let key = desired.keys.get_mut(&path("packages")).expect("there");
    key.user_ids = vec!["Example Images <images@example.org>".to_owned()];
    let done = bench.brings_about(&desired);
    assert_eq!(done.len(), 1, "{done:?}");
    let after = read();
    assert_eq!(after.fingerprint(), before);
    let bound: Vec<_> = after.bound_user_ids().collect();
    assert_eq!(bound, ["Example Images <images@example.org>"]);
}

#[test]
fn a_certificate_ends_when_it_is_to_end() {
    let mut desired = little();
    let bench = Bench::with(1, &mut desired);
    let end: Timestamp = "2051-01-01T00:00:00Z".parse().expect("a time");
    let read = || {
        let octets = bench.user(0, "builder").certificate(&path("packages").id);
        Certificate::parse(&octets.expect("there")).expect("a certificate")
    };
    let set = |desired: &mut Desired, expires| {
        let key = desired.keys.get_mut(&path("packages")).expect("there");
        key.expires = expires;
    };
    // From the beginning on, then later, then never.
    set(&mut desired, Some(end));
    bench.brings_about(&desired);
    let fingerprint = read().fingerprint();
    assert_eq!(read().expires(), Some(end.into()));
    let later = end + jiff::SignedDuration::from_hours(24);
    for expires in [Some(later), None] {
        set(&mut desired, expires);
        let done = bench.brings_about(&desired);
        assert!(matches!(&done[..], [step] if matches!(step.action, Action::Renew { .. })));
        assert_eq!(read().expires(), expires.map(Into::into));
        assert_eq!(read().fingerprint(), fingerprint);
    }
}

#[test]
fn a_key_of_another_kind_is_refused_and_nothing_is_done() {
    let mut desired = little();
    let mut bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    let public = bench.admin(0).public_pem(&path("packages").id);
    let key = desired.keys.get_mut(&path("packages")).expect("there");
    key.key_type = KeyType::EcP256;
    key.mechanisms = [KeyMechanism::EcdsaSignature].into();
    desired
        .users
        .insert(id("late"), user(UserRole::Operator, &[]));
    bench.operators.make(&desired);
    let plan = bench.plan(&desired);
    assert!(
        matches!(&plan.refusals[..], [Refusal::KeyKind { .. }]),
        "{plan}"
    );
    assert!(matches!(
        bench.apply(&desired),
        Err(BringAboutError::Refused(_))
    ));
    let users = bench.admin(0).users().expect("listed");
    assert!(!users.contains(&id("late")));
    assert_eq!(
        bench
            .admin(0)
            .public_pem(&path("packages").id)
            .expect("there"),
        public.expect("there")
    );
}

#[test]
fn who_is_not_named_is_told_of_and_deleted_only_on_request() {
    let mut desired = little();
    let bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    desired.users.remove(&id("keeper"));
    desired.backups = false;
    let plan = bench.plan(&desired);
    assert!(plan.steps.is_empty() && !plan.notes.is_empty(), "{plan}");
    desired.surplus = Surplus::Deleted;
    assert_eq!(bench.brings_about(&desired).len(), 1);
    assert_eq!(bench.admin(0).users().expect("listed").len(), 2);
}

#[test]
fn all_devices_have_the_keys_of_the_first() {
    let mut desired = everything();
    let bench = Bench::with(3, &mut desired);
    bench.brings_about(&desired);
    for name in ["packages", "ns~iso"] {
        let key = path(name).id;
        let builder = if name == "packages" {
            "builder"
        } else {
            "ns~builder"
        };
        let public = |at| bench.user(at, builder).public_pem(&key).expect("there");
        assert_eq!(public(1), public(0));
        assert_eq!(public(2), public(0));
        // One is as good as another.
        let one = bench.user(2, builder).sign(&key, &hello()).expect("signed");
        let other = bench.user(0, builder).sign(&key, &hello()).expect("signed");
        assert_eq!(one, other);
    }

    // A key more is made on the first, and comes to the others.
    desired
        .keys
        .insert(path("more"), ed25519(&["packages"], &[USER_ID]));
    bench.brings_about(&desired);
    let more = path("more").id;
    let public = |at| bench.user(at, "builder").public_pem(&more).expect("there");
    assert_eq!(public(1), public(0));
}

#[test]
fn a_new_first_device_gets_what_the_others_have() {
    let mut desired = little();
    let mut bench = Bench::with(2, &mut desired);
    bench.brings_about(&desired);
    let key = path("packages").id;
    let before = bench.admin(1).public_pem(&key).expect("there");
    bench.devices[0] = Software::new();
    desired.devices[0] = device(&bench.devices[0].url, Some(&bench.devices[0].pin));
    bench.brings_about(&desired);
    assert_eq!(bench.admin(0).public_pem(&key).expect("there"), before);
}

#[test]
fn a_device_with_other_keys_is_not_overwritten() {
    let mut desired = little();
    let bench = Bench::with(2, &mut desired);
    let mut alone = desired.clone();
    alone.devices.remove(0);
    alone.keys.clear();
    bench.brings_about(&alone);
    let wish = GenerateKey {
        id: Some(path("packages").id),
        ..GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature])
    };
    bench.admin(1).generate_key(&wish).expect("made");
    let mut first = desired.clone();
    first.devices.remove(1);
    bench.brings_about(&first);
    let plan = bench.plan(&desired);
    assert!(
        matches!(&plan.refusals[..], [Refusal::OtherKey { .. }]),
        "{plan}"
    );
}

#[test]
fn a_stranger_is_told_nothing() {
    let mut desired = little();
    let bench = Bench::with(1, &mut desired);
    let pin = desired.devices[0].trusted.pop_first().expect("known");
    let plan = bench.plan(&desired);
    let Some(Refusal::New { shown, .. }) = plan.refusals.first() else {
        panic!("{plan}");
    };
    assert_eq!(*shown, pin);
    assert!(matches!(
        bench.apply(&desired),
        Err(BringAboutError::Refused(_))
    ));
    desired.devices[0].trusted = ["00".repeat(32)].into();
    let plan = bench.plan(&desired);
    assert!(matches!(
        &plan.refusals[..],
        [Refusal::OtherCertificate { .. }]
    ));
    let state = bench.devices[0].client().state().expect("told");
    assert_eq!(state, SystemState::Unprovisioned);
}

#[test]
fn a_device_of_somebody_else_misses_credentials() {
    let mut desired = little();
    let mut bench = Bench::with(1, &mut desired);
    bench.brings_about(&desired);
    let others = signstar_hsm::AdministrativeCredentials::make_up(&[id("admin")]);
    bench.administration = others.expect("random numbers");
    let plan = bench.plan(&desired);
    assert!(
        plan.refusals.iter().any(Refusal::is_missing_credentials),
        "{plan}"
    );
}

#[test]
fn a_device_that_is_away_is_no_reason_to_change_the_others() {
    let mut desired = little();
    let mut bench = Bench::with(2, &mut desired);
    bench.devices.remove(1);
    let plan = bench.plan(&desired);
    assert!(plan.refusals.iter().any(Refusal::is_unreachable), "{plan}");
    assert!(matches!(
        bench.apply(&desired),
        Err(BringAboutError::Refused(_))
    ));
}
