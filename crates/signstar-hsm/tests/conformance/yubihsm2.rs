//! What can go wrong with a YubiHSM2 only.

use std::{
    error::Error,
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::Hsm,
    sign::{Message, PublicKey, Signer, SignerError},
};
use signstar_hsm::{
    OpenError,
    yubihsm2::{
        administration::Administrator,
        object::{Capabilities, ObjectType},
    },
};
use yubihsm_mock::{Kind, Misbehaviour};

use crate::{
    suite::{self, Bench, Whole, conduct, messages},
    yubihsm_mock::{Mock, OPERATOR, PASSWORD, SERIAL, key, one_key, yubihsm2},
};

const LONG: Duration = Duration::from_secs(60);

fn key_of(mock: &Mock) -> (PublicKey, Message) {
    let (_, public) = mock.keys().remove(0);
    let message = messages(&public, "a text").remove(0);
    (public, message)
}

fn patient(mock: &Mock, public: &PublicKey) -> Box<dyn Signer> {
    let (conduct, _) = conduct(Some(public.clone()), LONG);
    suite::open(&mock.key("key"), &mock.hsm(30), conduct)
}

/// Why there is no signature, with all causes.
fn cause(signed: Result<Vec<u8>, SignerError>) -> String {
    let error = signed.expect_err("no signature");
    let error: &dyn Error = &error;
    Whole(error).to_string()
}

#[test]
fn one_session_is_used_many_times_and_ended_in_the_end() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let signer = patient(&mock, &public);
    assert_eq!(mock.device.begun(), 0, "opening says nothing to the device");
    for _ in 0..20 {
        signer.sign(&message).expect("signed");
    }
    assert_eq!((mock.device.begun(), mock.device.sessions()), (1, 1));
    drop(signer);
    assert_eq!(mock.device.sessions(), 0);
}

#[test]
fn many_who_come_and_go_leave_room_for_others() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    for _ in 0..40 {
        patient(&mock, &public).sign(&message).expect("signed");
    }
}

#[test]
fn a_session_that_is_lost_is_begun_again() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let signer = patient(&mock, &public);
    for _ in 0..3 {
        signer.sign(&message).expect("signed");
        // As when the device is plugged in again.
        mock.device.forget_sessions();
    }
    signer.sign(&message).expect("signed");
    assert_eq!(mock.device.begun(), 4);
}

#[test]
fn an_administrator_whose_session_has_ended_goes_on_in_another() {
    let mock = Mock::with(one_key());
    let Hsm::YubiHsm2(device) = mock.hsm(30) else {
        panic!("a YubiHSM2");
    };
    let passphrase = Passphrase::new(PASSWORD.to_owned());
    let mut session = Administrator::log_in(&device, OPERATOR, &passphrase).expect("logged in");
    mock.device.forget_sessions();
    assert_eq!(session.objects().expect("listed").len(), 2);
    // It has the number of the one before, which is not ended a second time.
    assert_eq!((mock.device.begun(), mock.device.sessions()), (2, 1));
}

#[test]
fn a_connector_that_is_restarted_under_load_costs_nothing_but_time() {
    let mut mock = Mock::with(one_key());
    let (public, _) = key_of(&mock);
    let signer = patient(&mock, &public);
    let made = AtomicUsize::new(0);
    let mut restarts = 0;
    thread::scope(|scope| {
        let askers: Vec<_> = (0..4)
            .map(|asker| {
                let (signer, public, made) = (&signer, &public, &made);
                scope.spawn(move || {
                    for number in 0..60 {
                        let text = format!("{asker} asks for {number}");
                        let message = messages(public, &text).remove(0);
                        let signature = signer.sign(&message).expect("signed");
                        public.verify(&message, &signature).expect("right");
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let mut next = 15;
        while !askers.iter().all(thread::ScopedJoinHandle::is_finished) {
            if made.load(Ordering::Relaxed) >= next {
                mock.stop();
                // Sessions that nobody could end are gone after half a minute.
                mock.device.forget_sessions();
                mock.start();
                restarts += 1;
                next = made.load(Ordering::Relaxed) + 15;
            }
            thread::sleep(Duration::from_millis(1));
        }
        for asker in askers {
            asker.join().expect("no wrong answer");
        }
    });
    assert!(restarts > 1, "it was restarted");
}

/// A connector that takes every question and answers none.
pub(crate) fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("known").to_string();
    (listener, address)
}

#[test]
fn a_connector_that_is_silent_is_waited_for_no_longer_than_it_may_take() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let (listener, address) = silent();
    let hsm = yubihsm2(&address, &format!("{SERIAL:010}"), 1);
    let (conduct, _) = conduct(Some(public), Duration::from_millis(1100));
    let signer = suite::open(&mock.key("key"), &hsm, conduct);
    // With no limit of ours this would never end; the client of the crate `yubihsm` takes 20 seconds.
    let begun = Instant::now();
    let told = cause(signer.sign(&message));
    assert!(told.contains("does not answer in time"), "{told}");
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(listener);
}

#[test]
fn what_is_no_answer_is_none() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    mock.device.misbehave(Misbehaviour::Garbage);
    let told = cause(patient(&mock, &public).sign(&message));
    assert!(told.starts_with("the HSM answers nonsense"), "{told}");
}

#[test]
fn who_changes_an_answer_on_its_way_is_noticed() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let (conduct, witness) = conduct(Some(public), LONG);
    let signer = suite::open(&mock.key("key"), &mock.hsm(30), conduct);
    signer.sign(&message).expect("signed");
    mock.device.misbehave(Misbehaviour::Tampering);
    let told = cause(signer.sign(&message));
    let lines = witness.lines();
    assert!(
        lines.iter().any(|line| line.contains("NotAuthentic")),
        "{lines:?}"
    );
    // Then a session was begun, and whoever answered could not prove to be the device.
    assert!(told.contains("or that is no YubiHSM2"), "{told}");
}

#[test]
fn a_device_that_is_not_plugged_in_is_unavailable() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    mock.device.misbehave(Misbehaviour::Unplugged);
    let (conduct, _) = conduct(Some(public), Duration::from_secs(1));
    let signer = suite::open(&mock.key("key"), &mock.hsm(30), conduct);
    let told = cause(signer.sign(&message));
    assert!(told.contains("is the device plugged in?"), "{told}");
    mock.device.misbehave(Misbehaviour::None);
    signer.sign(&message).expect("signed");
}

#[test]
fn another_device_behind_the_connector_signs_nothing() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let hsm = yubihsm2(mock.address(), "0000000007", 30);
    let (conduct, _) = conduct(Some(public), LONG);
    let signer = suite::open(&mock.key("key"), &hsm, conduct);
    let told = cause(signer.sign(&message));
    assert!(told.contains("has the device 0012345678"), "{told}");
    assert_eq!(mock.device.sessions(), 0);
}

#[test]
fn a_key_that_is_not_that_of_the_certificate_signs_nothing() {
    let mock = Mock::with(one_key());
    let (_, message) = key_of(&mock);
    let other = PublicKey::Ed25519(vec![9; 32]);
    let told = cause(patient(&mock, &other).sign(&message));
    assert!(told.contains("not that of the certificate"), "{told}");
}

#[test]
fn several_keys_of_one_label_are_none() {
    let mut objects = one_key();
    objects.generate("key", Kind::P256).expect("made");
    let mock = Mock::with(objects);
    let (public, message) = key_of(&mock);
    let told = cause(patient(&mock, &public).sign(&message));
    assert!(told.contains("several asymmetric keys"), "{told}");
}

#[test]
fn an_operator_sees_the_keys_of_its_domain() {
    let mut objects = one_key();
    let operator = objects.get_mut(ObjectType::AUTHENTICATION_KEY, OPERATOR);
    operator.expect("it is there").domains = 2;
    let mock = Mock::with(objects);
    let (public, message) = key_of(&mock);
    let told = cause(patient(&mock, &public).sign(&message));
    assert!(told.contains("no asymmetric key with this label"), "{told}");
}

#[test]
fn an_operator_or_a_key_without_the_capability_does_not_sign() {
    for of_operator in [true, false] {
        let mut objects = one_key();
        let object = match of_operator {
            true => objects.get_mut(ObjectType::AUTHENTICATION_KEY, OPERATOR),
            false => objects.get_mut(ObjectType::ASYMMETRIC_KEY, 0x1000),
        };
        object.expect("it is there").capabilities = Capabilities::SIGN_ECDSA.0;
        let mock = Mock::with(objects);
        let (public, message) = key_of(&mock);
        let told = cause(patient(&mock, &public).sign(&message));
        assert!(told.contains("lacks a capability"), "{told}");
    }
}

#[test]
fn an_operator_that_is_not_there_is_refused() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let mut nobody = mock.key("key");
    nobody = key("key", OPERATOR + 1, nobody.passphrase.path().to_owned());
    let (conduct, _) = conduct(Some(public), LONG);
    let told = cause(suite::open(&nobody, &mock.hsm(30), conduct).sign(&message));
    assert!(told.contains("no such object"), "{told}");
}

#[test]
fn a_wrong_passphrase_takes_one_session_and_the_right_one_is_found() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let signer = patient(&mock, &public);
    mock.set_passphrase("not this passphrase");
    for _ in 0..20 {
        let told = cause(signer.sign(&message));
        assert!(told.starts_with("the HSM refuses"), "{told}");
    }
    assert_eq!(mock.device.begun(), 1);
    mock.set_passphrase(PASSWORD);
    signer.sign(&message).expect("signed");
}

#[test]
fn what_is_no_operator_or_label_is_told_before_anything_is_sent() {
    let mock = Mock::with(one_key());
    let opened = |operator: &str, id: &str| {
        let (conduct, _) = conduct(None, LONG);
        let text = format!(
            "hsm = \"main\"\nid = \"{id}\"\noperator = \"{operator}\"\npassphrase = {{ file = \"/\" }}"
        );
        let mut key: signstar::config::Key = toml::from_str(&text).expect("good");
        key.passphrase = mock.key("key").passphrase;
        signstar_hsm::open(&key, &mock.hsm(30), conduct)
    };
    for operator in ["0", "65536", "builder"] {
        assert!(
            matches!(opened(operator, "key"), Err(OpenError::Value { .. })),
            "{operator}"
        );
    }
    assert!(matches!(
        opened("2", &"x".repeat(41)),
        Err(OpenError::Value { .. })
    ));
    assert!(opened("65535", &"x".repeat(40)).is_ok());
    assert_eq!(mock.device.begun(), 0);
}

#[test]
fn more_signers_than_the_device_has_sessions_take_turns() {
    let mock = Mock::with(one_key());
    let (public, message) = key_of(&mock);
    let signers: Vec<_> = (0..40).map(|_| patient(&mock, &public)).collect();
    let end = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        for signer in &signers {
            let (public, message) = (&public, &message);
            scope.spawn(move || {
                // Each at least once, and all the time while others wait.
                loop {
                    let signature = signer.sign(message).expect("signed");
                    public.verify(message, &signature).expect("verifies");
                    if Instant::now() > end {
                        break;
                    }
                }
            });
        }
    });
    // Nobody keeps a session for nothing.
    let end = Instant::now() + LONG;
    while mock.device.sessions() > 0 && Instant::now() < end {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(mock.device.sessions(), 0);
    drop(signers);
}

#[test]
fn a_device_that_is_nowhere_on_usb_is_unavailable() {
    let mock = Mock::with(one_key());
    let usb = suite::hsm("kind = \"yubihsm2\"\nconnector = \"usb\"\nserial = \"4294967295\"");
    let (conduct, _) = conduct(None, Duration::from_millis(300));
    let (_, message) = key_of(&mock);
    let error = suite::open(&mock.key("key"), &usb, conduct).sign(&message);
    let error = error.expect_err("nobody has it");
    assert!(matches!(error, SignerError::Unavailable(_)), "{error}");
    let told = Whole(&error).to_string();
    assert!(
        told.contains("4294967295 is plugged into this host"),
        "{told}"
    );
}

#[test]
fn the_public_half_of_every_kind_of_key_is_read() {
    let mock = Mock::begin().expect("always");
    for (name, public) in mock.keys() {
        let read = signstar_hsm::public_key(&mock.key(&name), &mock.hsm(30)).expect("read");
        assert!(read.expect("it signs").is_same_as(&public), "{name}");
    }
    assert_eq!(mock.device.sessions(), 0);
}
