//! Bounds of a session that only show while something takes its time.

use std::{
    fs,
    io::Write,
    thread::{self, sleep},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use signstar_enclave::KeyType;

use crate::story::{Outcome, Session, Story, code, servers};

const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections to the HSM on the loopback port `port` the process `id` has open.
fn connections(id: u32, port: u16) -> usize {
    let links = fs::read_dir(format!("/proc/{id}/fd")).expect("it runs");
    let sockets: Vec<String> = links
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let to_hsm = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").expect("readable");
    let is_open = |line: &&str| {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        // proc(5): the other end is the third word, the inode of the socket the tenth.
        words.get(2) == Some(&to_hsm.as_str())
            && words
                .get(9)
                .is_some_and(|inode| sockets.iter().any(|socket| socket == inode))
    };
    table.lines().filter(is_open).count()
}

fn port_of_hsm(story: &Story) -> u16 {
    let url = story.description().hsm.url.replace("https://", "");
    let port = url.split(['/', ':']).nth(1).expect("a port");
    port.parse().expect("a number")
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:60000"]);
    let port = port_of_hsm(&story);
    let request = story.request("content").to_string();
    let usual = fs::read_to_string(story.home().join("signstar.toml")).expect("readable");
    for allowed in [3, 7] {
        fs::write(story.home().join("signstar.toml"), &usual).expect("written");
        story.limit(&format!("in-flight = {allowed}"));
        let mut session = Session::open(story.ssh().arg("client1"));
        session.write(&request.repeat(3 * allowed)).expect("open");
        let end = Instant::now() + PATIENCE;
        let (id, mut most) = loop {
            let server = servers(&story.home().join("signstar.toml"));
            match server.first().map(|id| (*id, connections(*id, port))) {
                Some((id, count)) if count >= allowed => break (id, count),
                found => assert!(Instant::now() < end, "{found:?} of {allowed}"),
            }
            sleep(Duration::from_millis(20));
        };
        // Further ones would come now.
        for _ in 0..20 {
            sleep(Duration::from_millis(20));
            most = most.max(connections(id, port));
        }
        assert_eq!(most, allowed);
        let id = i32::try_from(id).expect("a number of a process");
        kill(Pid::from_raw(id), Signal::SIGKILL).expect("it runs");
        session.wait().1.expect_failure();
    }
}

#[test]
fn a_request_takes_no_longer_than_it_may() {
    let mut story = Story::begin();
    // Less than what the host waits for one answer.
    story.restart_hsm(&["--misbehave", "latency:5000"]);
    let request = story.request("content").to_string();
    let usual = fs::read_to_string(story.home().join("signstar.toml")).expect("readable");
    for (seconds, expected) in [(2, Some("hsm-unavailable")), (25, None)] {
        fs::write(story.home().join("signstar.toml"), &usual).expect("written");
        story.limit(&format!("request-seconds = {seconds}"));
        let mut session = Session::open(story.ssh().arg("client1"));
        session.write(&request).expect("open");
        let (answers, outcome) = session.finish();
        outcome.expect(if expected.is_some() { 4 } else { 0 });
        assert_eq!(answers.len(), 1, "{answers:#?}");
        assert_eq!(code(&answers[0]), expected, "{answers:#?}");
        if expected.is_some() {
            assert_eq!(answers[0]["refusal"]["retry"], true);
        }
    }
}

#[test]
fn who_sends_slowly_is_let_go_and_nobody_waits_for_it() {
    let story = Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ]);
    let usual = fs::read_to_string(story.home().join("signstar.toml")).expect("readable");
    story.limit("session-seconds = 15");
    let request = story.request("content").to_string();
    let open = || {
        let mut session = Session::open(story.ssh().arg("client1"));
        session.write(&request).expect("open");
        let answer = session.read().expect("an answer");
        assert_eq!(code(&answer), None);
        session
    };
    let drip = |mut session: Session| {
        let mut input = session.take_input();
        let request = &request;
        thread::scope(|scope| {
            scope.spawn(move || {
                // Never idle, and never done.
                for octet in request.as_bytes().chunks(1) {
                    if input.write_all(octet).and_then(|()| input.flush()).is_err() {
                        return;
                    }
                    sleep(Duration::from_millis(100));
                }
            });
            session.wait()
        })
    };
    // Who was answered has read the configuration.
    let sessions: Vec<_> = (0..8).map(|_| open()).collect();
    fs::write(story.home().join("signstar.toml"), usual).expect("written");
    thread::scope(|scope| {
        let slow: Vec<_> = sessions
            .into_iter()
            .map(|session| scope.spawn(|| drip(session)))
            .collect();
        let file = story.file("urgent", "urgent");
        story.send("client2", &[&file]).expect(0);
        for session in slow {
            let (answers, outcome) = session.join().expect("no panic");
            outcome.expect(3);
            let codes: Vec<_> = answers.iter().map(code).collect();
            assert_eq!(codes, [Some("session-limit")]);
        }
    });
}

#[test]
fn a_client_has_no_more_sessions_than_it_may_have() {
    let story = Story::begin();
    story.limit("sessions = 2");
    let request = story.request("content").to_string();
    let open = || {
        let mut session = Session::open(story.ssh().arg("client1"));
        session.write(&request).expect("open");
        let answer = session.read().expect("an answer");
        (session, answer)
    };
    let (first, answer) = open();
    assert_eq!(code(&answer), None);
    // Another one than of the first session, as its process is about to be killed.
    let config = story.home().join("signstar.toml");
    let id = *servers(&config).first().expect("it runs");
    let (second, answer) = open();
    assert_eq!(code(&answer), None);
    // Without a place there is no look at the passphrase, which may take long to decrypt.
    let passphrase = story.home().join("secrets/client1");
    let hidden = story.home().join("secrets/hidden");
    fs::rename(&passphrase, &hidden).expect("there");
    let (third, answer) = open();
    assert_eq!(code(&answer), Some("session-limit"));
    assert_eq!(answer["refusal"]["retry"], true);
    third.finish().1.expect(3);
    fs::rename(&hidden, &passphrase).expect("there");
    let mut journal = story.journal().into_iter();
    assert!(journal.all(|line| line["outcome"] != "cannot-open-key"));
    let cause = story.journal().into_iter().find_map(|line| {
        let cause = line["cause"].as_str()?.to_owned();
        (line["outcome"] == "session-limit").then_some(cause)
    });
    assert_eq!(cause.as_deref(), Some("sessions"));

    // Who dies lets its place go.
    let id = i32::try_from(id).expect("a number of a process");
    kill(Pid::from_raw(id), Signal::SIGKILL).expect("it runs");
    first.wait().1.expect_failure();
    let (fourth, answer) = open();
    assert_eq!(code(&answer), None);

    // The client waits for a place.
    let file = story.file("file", "content");
    thread::scope(|scope| {
        let mut patient = story.client_program("send");
        patient.arg("--ssh").arg(story.home().join("ssh/connect"));
        patient.args(["--patience", "60", "--to", "client1", "--certificate"]);
        patient.arg(story.certificate("client1")).arg(&file);
        let sending = scope.spawn(move || Outcome::of(&mut patient));
        let refused = |line: &serde_json::Value| line["outcome"] == "session-limit";
        let end = Instant::now() + PATIENCE;
        while story.journal().iter().filter(|line| refused(line)).count() < 2 {
            assert!(Instant::now() < end, "it is turned away once");
            sleep(Duration::from_millis(20));
        }
        second.finish().1.expect(0);
        sending.join().expect("no panic").expect(0);
    });
    fourth.finish().1.expect(0);
}
