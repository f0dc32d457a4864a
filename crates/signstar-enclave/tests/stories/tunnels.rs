//! Forwarding, in every direction that SSH knows.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::story::{Outcome, Story, started};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn there_is_no_way_to_other_hosts() {
    let story = Story::begin();
    let hsm = &story.hsm_address();

    let outcome = Outcome::of(story.ssh().args(["-W", hsm, "client1"]));
    outcome.expect_failure();
    outcome.expect_complaint("stdio forwarding failed");

    let local = free_port();
    let forward = format!("127.0.0.1:{local}:{hsm}");
    let (told, complaints) = through(&story, &["-L", &forward], local, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(told, b"");
    assert!(
        complaints.contains("administratively prohibited"),
        "{complaints}"
    );

    // Nor to sockets of the host, such as that of the log.
    let socket = story.home().join("log.socket");
    let forward = format!("127.0.0.1:{local}:{}", socket.display());
    let (told, _) = through(&story, &["-L", &forward], local, b"append");
    assert_eq!(told, b"");
    // To the client it looks as if nobody listened there.
    let said = fs::read_to_string(story.home().join("sshd.log")).expect("readable");
    assert!(said.contains("refused streamlocal port forward"), "{said}");

    let port: u16 = hsm
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let mut socks = vec![5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1];
    socks.extend(port.to_be_bytes());
    let (told, complaints) = through(&story, &["-D", &local.to_string()], local, &socks);
    // The greeting is that of the client's own `ssh`; nothing comes from behind it.
    assert!(told.len() <= 12, "{told:?}");
    assert!(
        complaints.contains("administratively prohibited"),
        "{complaints}"
    );
}

/// What comes back for `octets` through the local `port` that `options` make `ssh` open, and
/// what `ssh` says about it.
fn through(story: &Story, options: &[&str], port: u16, octets: &[u8]) -> (Vec<u8>, String) {
    let mut ssh = story.ssh();
    ssh.arg("-N").args(["-o", "LogLevel=INFO"]).args(options);
    let mut running = started(ssh.arg("client1").stdin(Stdio::null()));
    let end = Instant::now() + PATIENCE;
    let mut connection = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(connection) => break connection,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        sleep(Duration::from_millis(10));
    };
    connection.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut told = Vec::new();
    // The connection may be closed while this is written.
    let _ = connection.write_all(octets);
    let _ = connection.read_to_end(&mut told);
    let mut complaints = BufReader::new(running.stderr.take().expect("a pipe"));
    let mut first = String::new();
    complaints.read_line(&mut first).expect("readable");
    running.kill().expect("ended");
    running.wait().expect("ended");
    (told, first)
}

#[test]
fn there_is_no_way_back_to_the_client() {
    let story = Story::begin();
    for wish in [
        "127.0.0.1:0:127.0.0.1:1",
        "/tmp/signstar-story:127.0.0.1:1",
        "0",
    ] {
        let mut ssh = story.ssh();
        ssh.args([
            "-N",
            "-o",
            "ExitOnForwardFailure=yes",
            "-R",
            wish,
            "client1",
        ]);
        let outcome = Outcome::of(&mut ssh);
        outcome.expect(255);
        outcome.expect_complaint("remote port forwarding failed");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
