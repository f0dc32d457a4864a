//! Everything else that SSH can do, and that an enclave does not.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use crate::story::{Outcome, Story, started};

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
        let source = format!(
            "client1:{}",
            story
                .home()
                .join("secrets/administration/hsm-main")
                .display()
        );
        let get = Outcome::of(with_config("scp").args(options).arg(source).arg(&stolen));
        get.expect_failure();
    }
    fs::remove_file(file).expect("removed");
    assert_eq!(story.listing(), before);
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
