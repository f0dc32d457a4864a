//! The same request twice.

use std::time::Duration;

use signstar::{
    refusal::Code,
    request::{Output, Request},
    response::Answer,
    sign::Certificate,
};

use crate::{FILE, Story, USER_ID, birth, book::Mood, id, request, software::Software, state};

#[test]
fn the_same_request_twice_is_one_operation_and_one_entry() {
    let mut story = Story::begin();
    let salt = match story.ask("builder", &Request::open_pgp_v6_salt()) {
        Ok(Answer::Salt { salt, .. }) => salt,
        other => panic!("in place of a salt: {other:?}"),
    };
    let salted = state(&[salt.as_octets(), FILE].concat());
    let made = |input: signstar::request::Input, output| {
        Request::new(input, output, None).expect("makes sense")
    };
    let requests = [
        ("builder", made(state(FILE).into(), Output::OpenPgpV4)),
        ("builder", made(salted.into(), Output::OpenPgpV6(salt))),
        ("builder", made(state(FILE).into(), Output::Ssh)),
        ("loader", made(state(FILE).into(), Output::Raw)),
    ];
    let requests: Vec<_> = (requests.into_iter().enumerate())
        .map(|(at, (name, request))| (name, request.with_id(id(&format!("r-{at}"))).with_proof()))
        .collect();
    let first: Vec<_> = requests
        .iter()
        .map(|(name, request)| story.sign(name, request))
        .collect();
    assert_eq!((story.operations(), story.book.entries().len()), (4, 4));

    // After a while, so that a new signature would be another one.
    story.now += Duration::from_secs(60);
    for ((name, request), (text, _)) in requests.iter().zip(&first) {
        let (again, proof) = story.sign(name, request);
        assert_eq!(&again, text);
        assert!(proof.is_some());
    }
    assert_eq!((story.operations(), story.book.entries().len()), (4, 4));
}

#[test]
fn an_id_is_for_one_signature_of_one_client() {
    let story = Story::begin();
    let known = request(FILE).with_id(id("r-1"));
    story.sign("builder", &known);
    let ssh = Request::new(state(FILE), Output::Ssh, None).expect("makes sense");
    for other in [
        request(b"another file").with_id(id("r-1")),
        ssh.with_id(id("r-1")),
    ] {
        let refused = story
            .ask("builder", &other)
            .expect_err("for something else");
        assert_eq!(
            (refused.code(), refused.id()),
            (Code::IdReused, Some(&id("r-1")))
        );
        assert!(!refused.code().retry());
    }
    assert_eq!((story.operations(), story.book.entries().len()), (1, 1));

    // What others call their requests is their affair.
    story.sign("other", &request(b"another file").with_id(id("r-1")));
    assert_eq!((story.operations(), story.book.entries().len()), (2, 2));
}

#[test]
fn a_request_without_an_id_is_a_new_one() {
    let story = Story::begin();
    story.sign("builder", &request(FILE));
    story.sign("builder", &request(FILE));
    assert_eq!((story.operations(), story.book.entries().len()), (2, 2));
}

#[test]
fn of_two_who_ask_at_once_both_get_what_is_on_record() {
    let mut story = Story::begin();
    let same = request(FILE).with_id(id("r-1"));
    let (first, _) = story.sign("builder", &same);
    story.now += Duration::from_secs(60);
    story.book.set(Mood::LookingAway);
    let (second, _) = story.sign("builder", &same);
    assert_eq!(first, second);
    assert_eq!((story.operations(), story.book.entries().len()), (2, 1));

    let other = request(b"another file").with_id(id("r-1"));
    let refused = story
        .ask("builder", &other)
        .expect_err("for something else");
    assert_eq!(refused.code(), Code::IdReused);
    assert_eq!(story.book.entries().len(), 1);
}

#[test]
fn what_is_on_record_is_verified_before_it_leaves() {
    let mut story = Story::begin();
    let same = request(FILE).with_id(id("r-1"));
    story.sign("builder", &same);
    // The key was replaced by another one.
    let key = Software::ed25519();
    let certificate =
        Certificate::issue(&key.public(), &[USER_ID], birth(), &key).expect("a certificate");
    let key =
        signstar::sign::SigningKey::new(certificate, Box::new(key), crate::domain(), [].into());
    (story.enclave.keyring).insert(crate::key_name("packages"), key);
    let refused = story.ask("builder", &same).expect_err("it does not verify");
    assert_eq!(refused.code(), Code::SignatureInvalid);
}
