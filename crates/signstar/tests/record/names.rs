//! What the log tells of the names of files.

use signstar::{
    config::FileNames,
    log::{Log, RecordedName},
};

use crate::{FILE, Story, alleged, client, id, key_name, public_log, request};

const SALT: [u8; 32] = [9; 32];

fn recorded(story: &Story, salted: bool) -> RecordedName {
    let request = match salted {
        true => request(FILE).with_name_salt(SALT),
        false => request(FILE),
    };
    story.sign("builder", &request);
    let entries = story.book.entries();
    entries.last().expect("an entry").name().clone()
}

#[test]
fn names_are_plain_committed_to_or_absent() {
    let name = alleged().expect("a name");
    let mut story = Story::begin();
    assert_eq!(recorded(&story, false), RecordedName::Plain(name.clone()));
    // Who sends a salt wants it hidden.
    let commitment = recorded(&story, true);
    assert!(commitment.plain().is_none() && commitment.is(&name, &SALT));

    story.enclave.log = Log::Public(public_log(&story.book, FileNames::Commitment));
    let commitment = recorded(&story, true);
    assert!(commitment.plain().is_none() && commitment.is(&name, &SALT));
    // Without a salt anybody could guess.
    assert_eq!(recorded(&story, false), RecordedName::Absent);

    story.enclave.log = Log::Public(public_log(&story.book, FileNames::Absent));
    assert_eq!(recorded(&story, true), RecordedName::Absent);
}

#[test]
fn a_key_may_tell_something_else() {
    let mut story = Story::begin();
    let log = public_log(&story.book, FileNames::Plain);
    let log = log.with_file_names_of(key_name("packages"), FileNames::Absent);
    story.enclave.log = Log::Public(log);
    assert_eq!(recorded(&story, false), RecordedName::Absent);
}

#[test]
fn a_client_with_a_pseudonym_is_known_by_it_alone() {
    let mut story = Story::begin();
    let log = public_log(&story.book, FileNames::Plain);
    let log = log.with_pseudonym_of(client("builder"), client("b-7f3a"));
    story.enclave.log = Log::Public(log);
    let called = request(FILE).with_id(id("once"));
    let (signature, _) = story.sign("builder", &called);
    let clients = |story: &Story| -> Vec<_> {
        let entries = story.book.entries();
        entries
            .iter()
            .map(|entry| entry.client().to_owned())
            .collect()
    };
    assert_eq!(clients(&story), ["b-7f3a"]);

    // A repeated request is found by it, and another client has nothing of that.
    assert_eq!(story.sign("builder", &called).0, signature);
    assert_eq!(story.operations(), 1);
    story.sign("other", &called);
    assert_eq!(story.operations(), 2);
    assert_eq!(clients(&story), ["b-7f3a", "other"]);
}
