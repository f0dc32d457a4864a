//! A clock that is set back.

use std::time::Duration;

use signstar::{log::Entry, refusal::Code};

use crate::{FILE, Story, birth, id, request};

fn times(story: &Story) -> Vec<u64> {
    let entries = story.book.entries();
    entries.iter().map(Entry::time).collect()
}

#[test]
fn no_signature_is_lost_or_made_twice_when_the_clock_is_set_back() {
    let mut story = Story::begin();
    let asked = request(FILE).with_id(id("r-1"));
    let first = story.sign("builder", &asked);
    story.now -= Duration::from_secs(1800);
    // What is on record was made later than now, and is the answer all the same.
    assert_eq!(story.sign("builder", &asked).0, first.0);
    assert_eq!(story.operations(), 1);
    // What is new says what the clock says: the order is that of the log, not that of times.
    story.sign("builder", &request(b"another file"));
    let begin = times(&story)[0];
    assert_eq!(times(&story), [begin, begin - 1800]);
}

#[test]
fn before_its_key_was_made_nothing_is_signed() {
    let mut story = Story::begin();
    story.now = birth() - Duration::from_secs(1);
    let refused = story.ask("builder", &request(FILE)).expect_err("refused");
    assert_eq!(refused.code(), Code::SignatureInvalid);
    assert!(story.book.entries().is_empty());
    // Nor does it do harm later.
    story.now = birth() + Duration::from_secs(1);
    story.sign("builder", &request(FILE));
    assert_eq!(times(&story).len(), 1);
}
