//! What a session holds: no more for many requests than for few, whatever the client does.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, sleep},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::story::{Session, Story, code, peak, servers, tell};

/// What the memory of a session may vary by, in KiB: that of a few threads and buffers.
const SLACK: u64 = 4096;

/// Has a session of `count` requests, and fails if it needs more memory in its course.
fn a_session_of(story: &Story, count: u64) {
    let request = story.request("content").to_string() + "\n";
    let mut session = Session::open(story.ssh().arg("client1"));
    let mut input = session.take_input();
    let writing = thread::spawn(move || {
        // What comes last keeps the process until it is looked at.
        (0..count)
            .try_for_each(|_| input.write_all(request.as_bytes()))
            .map(|()| input)
    });
    let config = story.home().join("signstar.toml");
    let (early, middle) = (count.min(1000), count / 2);
    let mut peaks = Vec::new();
    for number in 1..=count {
        let answer = session.read().expect("an answer");
        assert!(answer["signature"].is_string(), "{answer}");
        if [early, middle, count].contains(&number) {
            let server = servers(&config).first().copied().expect("it runs");
            peaks.push(peak(server).expect("it runs"));
        }
    }
    tell(&format!(
        "after {early}, {middle} and {count}: {peaks:?} KiB"
    ));
    assert!(peaks[2] <= peaks[0] + SLACK, "{peaks:?} KiB");
    drop(writing.join().expect("no panic").expect("all is written"));
    let (rest, outcome) = session.finish();
    outcome.expect(0);
    assert_eq!(rest, Vec::<Value>::new());
}

/// A session of any length, with few threads: when the last of them begins is up to the machine.
const LIMITS: &str = "requests = 1000000, in-flight = 8";

/// How many requests the long sessions have; a run by hand has 100,000.
fn how_many() -> u64 {
    match std::env::var("STORY_REQUESTS") {
        Ok(count) => count.parse().expect("a number"),
        Err(_) => 4_000,
    }
}

#[test]
fn a_long_session_needs_no_more_memory_than_a_short_one() {
    let story = Story::begin();
    story.limit(LIMITS);
    a_session_of(&story, how_many());
}

#[test]
fn nor_does_it_without_a_log() {
    let story = Story::begin();
    story.limit(LIMITS);
    story.without_log();
    a_session_of(&story, how_many());
}

#[test]
fn what_never_ends_is_cut_off() {
    let story = Story::begin();
    let most = 64 << 20;
    for part in [" ", "[", "1", "{\"a\":", "[18446744073709551616,"] {
        let octets = part.repeat((1 << 16) / part.len());
        let mut session = Session::open(story.ssh().arg("client1"));
        let mut input = session.take_input();
        let writing = thread::spawn(move || {
            let mut written = 0;
            while written < most && input.write_all(octets.as_bytes()).is_ok() {
                written += octets.len();
            }
            written
        });
        let (answers, outcome) = session.wait();
        outcome.expect(3);
        let codes: Vec<_> = answers.iter().map(code).collect();
        assert_eq!(codes, [Some("request-too-large")], "{part}");
        let written = writing.join().expect("no panic");
        assert!(written < most, "all of it was taken: {part}");
    }
}

#[test]
fn a_client_that_sends_more_than_is_answered_has_to_wait() {
    let mut story = Story::begin();
    story.restart_hsm(&["--misbehave", "latency:60000"]);
    story.limit("in-flight = 4");
    let mut request = story.request("content");
    request["optional"]["padding"] = "x".repeat(60_000).into();
    let request = request.to_string();
    let mut session = Session::open(story.ssh().arg("client1"));
    let mut input = session.take_input();
    let written = AtomicUsize::new(0);
    let most = 64 << 20;
    thread::scope(|scope| {
        let written = &written;
        scope.spawn(move || {
            while written.load(Ordering::Relaxed) < most
                && input.write_all(request.as_bytes()).is_ok()
            {
                written.fetch_add(request.len(), Ordering::Relaxed);
            }
        });
        // Until nothing more is taken.
        let mut before = 0;
        loop {
            sleep(Duration::from_secs(2));
            let now = written.load(Ordering::Relaxed);
            if now > 0 && now == before {
                break;
            }
            before = now;
        }
        let server = servers(&story.home().join("signstar.toml"));
        let server = server.first().copied().expect("it runs");
        let held = peak(server).expect("it runs");
        let id = i32::try_from(server).expect("a number of a process");
        kill(Pid::from_raw(id), Signal::SIGKILL).expect("it runs");
        tell(&format!("{before} octets written, {held} KiB held"));
        // What is on its way in pipes and in the window of SSH is some MiB.
        assert!(before < most / 4, "{before} octets");
    });
    session.wait().1.expect_failure();
}

#[test]
fn sixty_four_sessions_at_once_are_all_answered() {
    let story = Story::begin();
    let request = story.request("content").to_string() + "\n";
    let (count, each) = (64, 20);
    let mut sessions: Vec<_> = (0..count)
        .map(|_| Session::open(story.ssh().arg("client1")))
        .collect();
    let mut answered = 0;
    // All are open, and each is in the middle of its work, at the same time.
    for session in &mut sessions {
        session.write(&request.repeat(each / 2)).expect("open");
    }
    for session in &mut sessions {
        let answer = session.read().expect("an answer");
        assert!(answer["signature"].is_string(), "{answer}");
        answered += 1;
    }
    let servers = servers(&story.home().join("signstar.toml"));
    assert_eq!(servers.len(), count);
    let peaks: Vec<_> = servers.into_iter().filter_map(peak).collect();
    let (least, most) = (peaks.iter().min(), peaks.iter().max());
    tell(&format!("{count} sessions: {least:?} to {most:?} KiB each"));
    assert!(
        most <= least.map(|least| least + SLACK).as_ref(),
        "{peaks:?}"
    );
    for session in &mut sessions {
        session.write(&request.repeat(each / 2)).expect("open");
    }
    for session in sessions {
        let (answers, outcome) = session.finish();
        outcome.expect(0);
        assert!(answers.iter().all(|answer| answer["signature"].is_string()));
        answered += answers.len();
    }
    assert_eq!(answered, count * each);
    assert_eq!(story.journal().len(), count * each);
}
