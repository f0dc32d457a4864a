//! Clients that are many, or send what swells, and the one beside them that wants a signature.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    os::fd::{AsRawFd, OwnedFd},
};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use serde_json::Value;
use signstar_enclave::KeyType;

use crate::story::{Outcome, Story, code};

/// A connection to `port` from another address than everybody else's.
fn from_elsewhere(port: u16) -> Option<TcpStream> {
    let kind = (AddressFamily::Inet, SockType::Stream);
    let stream: OwnedFd = socket(kind.0, kind.1, SockFlag::SOCK_CLOEXEC, None).ok()?;
    let elsewhere = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 0));
    let enclave = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    bind(stream.as_raw_fd(), &elsewhere).ok()?;
    connect(stream.as_raw_fd(), &enclave).ok()?;
    Some(TcpStream::from(stream))
}

fn two_clients() -> Story {
    Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ])
}

#[test]
fn who_never_logs_in_does_not_keep_others_out() {
    let story = two_clients();
    let port = story.description().ssh.port;
    let mut open = Vec::new();
    for number in 0..2000 {
        let Some(mut stream) = from_elsewhere(port) else {
            continue;
        };
        // Some say half of what there is to say, some nothing; who is refused notices later.
        if number % 2 == 0 {
            let _ = stream.write_all(b"SSH-2.0-swarm\r\n");
        }
        // As many as a process may have open.
        if open.len() < 500 {
            open.push(stream);
        }
        if number % 500 == 499 {
            let file = story.file(format!("urgent-{number}"), "urgent");
            story.send("client2", &[&file]).expect(0);
        }
    }
    assert!(open.len() >= 100, "only {} were let in", open.len());
}

#[test]
fn what_would_swell_is_cut_off_and_others_are_served() {
    let story = two_clients();
    let request = story.request("content");
    let with = |padding: &str| {
        let mut request = request.clone();
        request["optional"]["padding"] = "HERE".into();
        request.to_string().replacen("\"HERE\"", padding, 1)
    };
    let nested =
        |times: usize, open: &str, close: &str| open.repeat(times) + "1" + &close.repeat(times);
    // What is optional and unknown is passed over, however deep it is.
    let deep = with(&nested(20_000, "[", "]"));
    Outcome::with_input(story.ssh().arg("client1"), deep).expect(0);
    let bombs = [
        ("arrays in arrays", with(&nested(40_000, "[", "]"))),
        ("objects in objects", nested(20_000, "{\"a\":", "}")),
        ("a number without an end", with(&"9".repeat(100_000))),
        (
            "a string of much less",
            with(&format!("\"{}\"", "\\u0000".repeat(20_000))),
        ),
        (
            "a million elements",
            with(&format!("[{}1]", "1,".repeat(1_000_000))),
        ),
        // What `ssh` would send as some ten KiB, if it were let.
        (
            "much of the same",
            with(&format!("\"{}\"", "a".repeat(64 << 20))),
        ),
    ];
    for (number, (name, bomb)) in bombs.into_iter().enumerate() {
        let outcome = Outcome::with_input(story.ssh().args(["-C", "client1"]), bomb);
        outcome.expect_failure();
        for line in outcome.stdout.lines() {
            let answer: Value = serde_json::from_str(line).expect("JSON");
            assert!(
                matches!(
                    code(&answer),
                    Some("malformed-request" | "request-too-large")
                ),
                "{name}: {line}"
            );
        }
        let file = story.file(format!("beside-{number}"), "beside");
        story.send("client2", &[&file]).expect(0);
    }
    // A line for each bomb, and a signature for none.
    let journal = story.journal();
    let outcomes = |client: &str| -> Vec<&str> {
        let lines = journal.iter().filter(|line| line["client"] == client);
        lines.filter_map(|line| line["outcome"].as_str()).collect()
    };
    let (bombs, beside) = (outcomes("client1"), outcomes("client2"));
    assert!(bombs.len() >= 7, "{bombs:?}");
    let signed = |outcomes: &[&str]| outcomes.iter().filter(|&&one| one == beside[0]).count();
    assert_eq!((signed(&bombs), signed(&beside)), (1, 6), "{journal:#?}");
}
