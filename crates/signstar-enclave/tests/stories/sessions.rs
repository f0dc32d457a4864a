//! Sessions: many requests on one connection, in order, bounded, and nobody waits for another.

use std::{
    io::Write,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use signstar_enclave::KeyType;

use crate::story::{Session, Story, code, named, program};

/// `signstar-sign` of `client1` without SSH.
fn sign(story: &Story) -> Command {
    let mut command = story.command(&program("signstar-sign"));
    let config = story.home().join("signstar.toml");
    command
        .arg("--config")
        .arg(config)
        .args(["--client", "client1"]);
    command
}

#[test]
fn answers_come_in_the_order_of_the_requests() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:30"]);
    let good = story.request("content");
    let mut bad = good.clone();
    bad["required"]["output"]["type"] = "PGP".into();
    let mut session = Session::open(story.ssh().arg("client1"));
    let count = 150;
    for number in 0..count {
        // Refusals are quick, signatures are not.
        let request = if number % 3 == 0 { &good } else { &bad };
        session
            .write(&named(request, &number.to_string()))
            .expect("open");
    }
    let (answers, outcome) = session.finish();
    outcome.expect(3);
    assert_eq!(answers.len(), count);
    for (number, answer) in answers.iter().enumerate() {
        let refused = code(answer).is_some();
        assert_eq!(refused, number % 3 != 0, "{number}: {answer}");
        if !refused {
            assert_eq!(answer["id"], number.to_string());
        }
    }
    // Every line of the journal is whole, and there is one for each.
    assert_eq!(story.journal().len(), count);
    let signed = story
        .journal()
        .into_iter()
        .find(|line| line["outcome"] == "signed");
    let stages = signed.expect("some are signed")["microseconds"].clone();
    assert!(stages["hsm"].as_u64() >= Some(30_000), "{stages}");
    for stage in ["waiting", "host"] {
        assert!(stages[stage].is_u64(), "{stages}");
    }
}

#[test]
fn a_single_request_does_not_wait_for_the_end_of_a_long_session() {
    let story = Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ]);
    story.limit("requests = 1000000000");
    let request = story.request("content").to_string() + "\n";
    let mut long = Session::open(story.ssh().arg("client1"));
    let mut input = long.take_input();
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        // It has no end of its own.
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                input.write_all(request.as_bytes()).expect("open");
            }
            drop(input);
        });
        let reading = scope.spawn(|| {
            let mut answers = 0_u64;
            while long.read().is_some() {
                answers += 1;
            }
            answers
        });
        let urgent = [0, 1, 2].map(|number| {
            let file = story.file(format!("urgent-{number}"), "urgent");
            story.send("client2", &[&file])
        });
        // Before anything can fail, or the long session would never end.
        enough.store(true, Ordering::Relaxed);
        urgent.iter().for_each(|outcome| outcome.expect(0));
        assert!(reading.join().expect("no panic") > 0);
    });
}

#[test]
fn a_client_in_a_queue_is_told_if_it_wants_to_know() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:3500"]);
    story.limit("in-flight = 1");
    let mut curious = story.request("content");
    curious["version"] = "1.1.0".into();
    curious["optional"]["progress"] = json!(true);
    let mut session = Session::open(story.ssh().arg("client1"));
    let other = story.request("other").to_string();
    session.write(&format!("{other}{curious}")).expect("open");
    let (answers, outcome) = session.finish();
    outcome.expect(0);
    let (told, signed): (Vec<_>, Vec<_>) =
        answers.iter().partition(|line| !line["progress"].is_null());
    assert_eq!(signed.len(), 2, "{answers:#?}");
    assert_eq!(told[0]["progress"]["ahead"], 1, "{answers:#?}");
    assert_eq!(answers[0], *told[0]);

    // Nobody else is bothered.
    let mut session = Session::open(story.ssh().arg("client1"));
    session.write(&other).expect("open");
    let (answers, outcome) = session.finish();
    outcome.expect(0);
    assert_eq!(answers.len(), 1);
}

#[test]
fn a_session_is_over_in_time() {
    let story = Story::begin();
    let request = story.request("content").to_string();
    for limits in ["session-seconds = 2", "idle-seconds = 2"] {
        let before = story.configuration(|text| text + "\n");
        story.limit(limits);
        let mut session = Session::open(story.ssh().arg("client1"));
        session.write(&request).expect("open");
        assert!(session.read().expect("an answer")["signature"].is_string());
        let (answers, outcome) = session.wait();
        outcome.expect(3);
        let codes: Vec<_> = answers.iter().map(code).collect();
        assert_eq!(codes, [Some("session-limit")], "{limits}");
        std::fs::write(story.home().join("signstar.toml"), before).expect("written");
    }
}

#[test]
fn who_waits_for_the_hsm_is_not_idle() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:3000"]);
    story.limit("idle-seconds = 1");
    let request = story.request("content").to_string();
    let mut session = Session::open(story.ssh().arg("client1"));
    session.write(&request).expect("open");
    assert!(session.read().expect("an answer")["signature"].is_string());
    let (answers, outcome) = session.finish();
    outcome.expect(0);
    assert_eq!(answers, Vec::<Value>::new());
}

#[test]
fn a_client_that_reads_no_answers_is_let_go() {
    let story = Story::begin();
    story.limit("idle-seconds = 1");
    let request = story.request("content").to_string() + "\n";
    let mut session = Session::open(&mut sign(&story));
    let mut input = session.take_input();
    // More than pipes hold.
    while input.write_all(request.as_bytes()).is_ok() {}
    let (_, outcome) = session.wait();
    outcome.expect(3);
    let unread = story.journal().pop().expect("a line");
    assert_eq!(unread["outcome"], "answers-not-read");
    // No more was signed than could be answered, and what fits on the way.
    let count = unread["requests"].as_u64().expect("a number");
    assert!((1..=4 * 32).contains(&count), "{count}");
}

#[test]
fn a_host_that_shuts_down_answers_first() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:300"]);
    let good = story.request("content");
    let mut session = Session::open(&mut sign(&story));
    for number in 0..40 {
        session
            .write(&named(&good, &number.to_string()))
            .expect("open");
    }
    let first = session.read().expect("an answer");
    assert_eq!(first["id"], "0");
    let id = i32::try_from(session.id()).expect("a number of a process");
    kill(Pid::from_raw(id), Signal::SIGTERM).expect("it runs");
    let (answers, outcome) = session.wait();
    outcome.expect(3);
    let (last, signed) = answers.split_last().expect("answers");
    assert_eq!(code(last), Some("session-limit"));
    assert_eq!(last["refusal"]["retry"], true);
    for (number, answer) in signed.iter().enumerate() {
        assert_eq!(answer["id"], (number + 1).to_string(), "{answer}");
        assert!(answer["signature"].is_string(), "{answer}");
    }
    // Also what waited for others to be answered.
    assert!(signed.len() > 31, "{}", signed.len());
}
