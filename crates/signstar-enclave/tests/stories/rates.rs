//! Clients that ask too often, for too much, or too late.

use std::fs;

use serde_json::Value;

use crate::story::{Session, Story, code};

/// The codes of the refusals of one session, none for a signature.
fn ask(story: &Story, requests: &[Value]) -> Vec<Option<String>> {
    let mut session = Session::open(story.ssh().arg("client1"));
    for request in requests {
        session.write(&request.to_string()).expect("open");
    }
    let (answers, _) = session.finish();
    assert_eq!(answers.len(), requests.len());
    answers
        .iter()
        .map(|answer| code(answer).map(str::to_owned))
        .collect()
}

#[test]
fn rates_hold_across_connections_one_after_the_other_and_at_once() {
    let story = Story::begin();
    story.reconfigure(|text| text + "requests-per-minute = 1000\nrequests-per-day = 30\n");
    let request = story.request("content");
    let mut outcomes = ask(&story, &vec![request.clone(); 10]);
    outcomes.extend(ask(&story, &vec![request.clone(); 5]));
    assert!(outcomes.iter().all(Option::is_none), "{outcomes:?}");
    std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| ask(&story, &vec![request.clone(); 10])))
            .collect();
        for session in sessions {
            outcomes.extend(session.join().expect("no panic"));
        }
    });
    let signed = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let limited = |outcome: &&Option<String>| outcome.as_deref() == Some("rate-limited");
    assert_eq!(signed, 30);
    assert_eq!(outcomes.iter().filter(limited).count(), 25);
    let mut refused = story.journal();
    refused.retain(|line| line["outcome"] == "rate-limited");
    assert_eq!(refused.len(), 25);
    for line in refused {
        assert_eq!(line["cause"], "requests-per-day");
    }

    // It outlives the enclave, and a count that is damaged is no licence.
    let mut story = story;
    story.end_enclave();
    story.start();
    story.reconfigure(|text| text + "requests-per-day = 30\n");
    assert_eq!(
        ask(&story, std::slice::from_ref(&request)),
        [Some("rate-limited".to_owned())]
    );
    let counts = story.home().join("state/client1/rates");
    fs::write(&counts, "reset").expect("written");
    assert_eq!(ask(&story, &[request]), [Some("misconfigured".to_owned())]);
}

#[test]
fn a_client_gets_only_what_its_rules_allow() {
    let story = Story::begin();
    let good = story.request("content");
    let long = story.request(&"x".repeat(1001));
    let named = |name: &str| {
        let mut request = good.clone();
        request["optional"]["file-name"] = name.into();
        request
    };
    let usual = fs::read_to_string(story.home().join("signstar.toml")).expect("readable");
    let config = story.home().join("signstar.toml");
    let cases = [
        ("max-length = 1000", vec![good.clone()], None),
        ("max-length = 1000", vec![long], Some("file-too-large")),
        ("file-names = [\"*.zst\"]", vec![named("a.zst")], None),
        (
            "file-names = [\"*.zst\"]",
            vec![named("a.iso"), named("/.zst/a")],
            Some("file-name-not-permitted"),
        ),
        (
            "valid-from = 2000-01-01T00:00:00Z",
            vec![good.clone()],
            None,
        ),
        (
            "valid-from = 2999-01-01T00:00:00Z",
            vec![good.clone()],
            Some("outside-validity"),
        ),
        (
            "valid-until = 2000-01-01T00:00:00+02:00",
            vec![good.clone()],
            Some("outside-validity"),
        ),
        ("enabled = false", vec![good.clone()], Some("not-permitted")),
    ];
    for (rule, requests, expected) in cases {
        fs::write(&config, format!("{usual}{rule}\n")).expect("written");
        let expected = vec![expected.map(str::to_owned); requests.len()];
        assert_eq!(ask(&story, &requests), expected, "{rule}");
    }
    // The journal says who, what and why, also of what was refused.
    let refused = story.journal().pop().expect("a line");
    assert_eq!(refused["outcome"], "not-permitted");
    assert_eq!(refused["cause"], "the client is disabled");
    assert_eq!(refused["key"], "client1");
    assert_eq!(refused["output"], "OpenPGPv4");
    assert_eq!(refused["length"], 7);
}
