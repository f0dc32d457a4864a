//! Everything else that SSH can do, and that an enclave does not.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::story::{Outcome, Story, started};

const PATIENCE: Duration = Duration::from_secs(20);

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn there_is_no_shell_and_no_other_command() {
    let story = Story::begin();
    let before = story.listing();
    let mark = story.path().join("mark");
    let touch = format!("touch {}", mark.display());
    let quoted = format!("'; {touch}; '");
    let commands = [
        "id",
        "sh -c id",
        "echo uid=",
        &touch,
        &quoted,
        "$(id)",
        "internal-sftp",
    ];
    for command in commands {
        let outcome = Outcome::of(story.ssh().args(["client1", command]));
        outcome.expect(3);
        assert_eq!(outcome.stdout, "", "{command}");
        outcome.expect_complaint("there was no request");
    }
    let outcome = Outcome::with_input(story.ssh().arg("client1"), "id\nexit\n");
    outcome.expect(3);
    assert!(!outcome.stdout.contains("uid="), "{outcome:#?}");
    assert!(outcome.stdout.contains("malformed-request"), "{outcome:#?}");
    assert_eq!(story.listing(), before);
}

#[test]
fn there_is_no_terminal() {
    let story = Story::begin();
    let mut ssh = story.ssh();
    ssh.args(["-tt", "-o", "LogLevel=INFO", "client1", "sh"]);
    let outcome = Outcome::of(&mut ssh);
    outcome.expect_failure();
    outcome.expect_complaint("PTY allocation request failed");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn there_is_no_file_transfer() {
    let story = Story::begin();
    // Who waits for the other side to speak first does not wait long.
    let limited =
        story.configuration(|text| text.replacen("\n\n", "\nlimits = { idle-seconds = 1 }\n\n", 1));
    fs::write(story.home().join("signstar.toml"), limited).expect("written");
    let before = story.listing();
    let file = story.file("file", "content");
    let config = story.home().join("ssh/config");
    let with_config = |program: &str| {
        let mut command = story.command(Path::new(program));
        command.arg("-F").arg(&config);
        command
    };
    let mut subsystem = story.ssh();
    subsystem.args(["-o", "LogLevel=INFO", "-s", "client1", "sftp"]);
    let outcome = Outcome::of(&mut subsystem);
    outcome.expect_failure();
    outcome.expect_complaint("subsystem request failed");

    let sftp = Outcome::with_input(with_config("sftp").args(["-b", "-", "client1"]), "ls\n");
    sftp.expect_failure();
    let stolen = story.files().join("stolen");
    for options in [&[][..], &["-O"]] {
        let target = format!("client1:{}", stolen.display());
        let put = Outcome::of(with_config("scp").args(options).arg(&file).arg(target));
        put.expect_failure();
        let source = format!("client1:{}", story.home().join("secrets/admin").display());
        let get = Outcome::of(with_config("scp").args(options).arg(source).arg(&stolen));
        get.expect_failure();
    }
    fs::remove_file(file).expect("removed");
    assert_eq!(story.listing(), before);
}

#[test]
fn there_is_no_way_to_other_hosts() {
    let story = Story::begin();
    let address = story.description().hsm.url.clone();
    let address = address.trim_start_matches("https://");
    let (hsm, _) = address.split_once('/').expect("a path");

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

#[test]
fn nothing_of_the_clients_side_gets_in() {
    let story = Story::begin();
    let agent = story.path().join("agent");
    let _listener = std::os::unix::net::UnixListener::bind(&agent).expect("a socket");
    let mut ssh = story.ssh();
    ssh.env("SSH_AUTH_SOCK", &agent)
        .env("DISPLAY", "127.0.0.1:9")
        .env("SIGNSTAR_STORY", "sent")
        .args([
            "-A",
            "-X",
            "-o",
            "IdentityAgent=none",
            "-o",
            "SendEnv=SIGNSTAR_STORY",
        ])
        .args(["-o", "SetEnv=LD_PRELOAD=story SIGNSTAR_OTHER=set"]);
    let mut running = started(ssh.arg("client1").stdin(Stdio::piped()));
    let mut stdin = running.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(running.stdout.take().expect("a pipe"));
    let request = story.request("content").to_string();
    stdin.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stdout.read_line(&mut answer).expect("an answer");
    assert!(answer.contains("signature"), "{answer}");

    // The session waits for the next request.
    let environment = environment_of_session(&story);
    for name in [
        "SSH_AUTH_SOCK",
        "SSH_TTY",
        "DISPLAY",
        "SIGNSTAR_",
        "LD_PRELOAD",
    ] {
        assert!(
            !environment
                .iter()
                .any(|variable| variable.starts_with(name)),
            "{environment:?}"
        );
    }
    assert!(
        environment
            .iter()
            .any(|variable| variable.starts_with("SSH_CONNECTION="))
    );
    drop(stdin);
    Outcome::of_started(running).expect(0);
}

fn environment_of_session(story: &Story) -> Vec<String> {
    let config = story.home().join("signstar.toml");
    let named = |path: &Path, name| fs::read(path.join(name)).unwrap_or_default();
    let environment = fs::read_dir("/proc")
        .expect("there")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let line = String::from_utf8_lossy(&named(path, "cmdline")).into_owned();
            line.split('\0').any(|word| Path::new(word) == config)
        })
        .map(|path| named(&path, "environ"))
        .next()
        .expect("a session");
    String::from_utf8_lossy(&environment)
        .split('\0')
        .map(str::to_owned)
        .collect()
}

#[test]
fn only_known_keys_are_let_in() {
    let story = Story::begin();
    let mut password = story.ssh();
    password.args(["-o", "PubkeyAuthentication=no", "-o", "LogLevel=INFO", "-o"]);
    password.args([
        "PreferredAuthentications=password,keyboard-interactive",
        "client1",
    ]);
    let outcome = Outcome::of(&mut password);
    outcome.expect(255);
    outcome.expect_complaint("Permission denied (publickey)");

    let key = story.path().join("stranger");
    let mut make = Command::new("ssh-keygen");
    make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key);
    Outcome::of(&mut make).expect(0);
    let entry = &story.description().ssh;
    let mut stranger = story.command(Path::new("ssh"));
    stranger
        .args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
        ])
        .arg(&key)
        .arg("-o")
        .arg(format!(
            "UserKnownHostsFile={}",
            entry.known_hosts.display()
        ))
        .args([
            "-p",
            &entry.port.to_string(),
            "-l",
            &entry.user,
            &entry.host,
        ]);
    let outcome = Outcome::of(&mut stranger);
    outcome.expect(255);
    outcome.expect_complaint("Permission denied (publickey)");
    assert!(story.journal().is_empty());
}
