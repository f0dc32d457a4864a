//! A log that is away, or not to be believed.

use signstar::{
    config::FileNames,
    log::{self, Log, PublicLog},
    refusal::Code,
};

use crate::{FILE, Story, book::Mood, id, key_name, request};

#[test]
fn no_log_no_signature() {
    let story = Story::begin();
    story.book.set(Mood::Away);
    for request in [request(FILE), request(FILE).with_id(id("r-1")).with_proof()] {
        let refused = story.ask("builder", &request).expect_err("no log");
        assert_eq!(refused.code(), Code::LogUnavailable);
        assert!(refused.code().retry());
        assert_eq!(refused.code().exit_status(), 4);
        assert_eq!(refused.id(), request.id());
        assert!(
            refused
                .cause()
                .expect("for the journal")
                .contains("the cause")
        );
    }
    assert_eq!(
        story.operations(),
        1,
        "without an id there is nothing to ask before"
    );

    story.book.set(Mood::Good);
    story.sign("builder", &request(FILE).with_id(id("r-1")));
    assert_eq!(story.book.entries().len(), 1);
}

#[test]
fn a_log_that_takes_nothing_from_here_is_a_mistake_of_the_host() {
    let story = Story::begin();
    story.book.set(Mood::Refusing);
    let refused = story.ask("builder", &request(FILE)).expect_err("refused");
    assert_eq!(refused.code(), Code::Misconfigured);
}

#[test]
fn what_a_log_says_is_not_believed() {
    for mood in [Mood::Nonsense, Mood::Forging, Mood::Astray] {
        let story = Story::begin();
        let known = request(FILE).with_id(id("r-1"));
        story.sign("builder", &request(b"something else"));
        story.sign("builder", &known);
        story.book.set(mood);
        for request in [
            known,
            request(b"another file"),
            request(b"another file").with_id(id("r-2")),
        ] {
            let refused = story.ask("builder", &request).expect_err("no such log");
            assert_eq!(refused.code(), Code::Misconfigured, "{mood:?}");
        }
    }
}

#[test]
fn a_key_that_demands_witnesses_gets_nothing_out_before_they_have_seen_it() {
    let mut story = Story::begin();
    let vkey = story.book.vkey();
    let witness = "witness.example.org/a+b128b3e3+BKnESUrMSfTFJQGgDPTVYkBNU8Z409kYt/MYUgc3TWBV";
    let other = "log.example.org/2026+8862e5c8+AXMt2+Su+oGBMIwOblaioJ+xgxi18YW1kGt47Q9exLL2";
    for (policy, code) in [
        (
            format!("log {vkey}\nwitness w {witness}\nquorum w\n"),
            Code::LogUnavailable,
        ),
        (format!("log {other}\nquorum none\n"), Code::Misconfigured),
    ] {
        let policy = log::Policy::parse(policy.as_bytes()).expect("a policy");
        let book = Box::new(story.book.clone());
        let public = PublicLog::new(book, vkey.clone(), FileNames::Plain)
            .with_policy_of(key_name("packages"), policy);
        story.enclave.log = Log::Public(public);
        for _ in 0..2 {
            // Before and after it is on record.
            let asked = request(FILE).with_id(id("r-1"));
            let refused = story.ask("builder", &asked).expect_err("no witness saw it");
            assert_eq!(refused.code(), code);
        }
    }
    assert_eq!(story.operations(), 1, "the record is kept");
    let public = PublicLog::new(Box::new(story.book.clone()), vkey, FileNames::Plain);
    story.enclave.log = Log::Public(public);
    story.sign("builder", &request(FILE).with_id(id("r-1")));
    assert_eq!(story.book.entries().len(), 1);
}
