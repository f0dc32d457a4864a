//! A log that is away, or not to be believed.

use signstar::refusal::Code;

use crate::{FILE, Story, book::Mood, id, request};

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
