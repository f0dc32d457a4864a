//! A client over the real `ssh`: connections that are lost, and how they are made.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::story::{Outcome, Story, program, signature};

/// `signstar-request-signature send` through a program that is called `ssh`, as OpenSSH's is, and
/// notes its process in the file `processes`.
fn sender(story: &Story) -> Command {
    let folder = story.path().join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let ssh = folder.join("ssh");
    let (config, processes) = (story.home().join("ssh/config"), processes(story));
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' -G '*) ;; *) echo $$ >> {processes:?} ;; esac\n\
         exec /usr/bin/env ssh -F {config:?} \"$@\"\n"
    );
    fs::write(&ssh, script).expect("written");
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = story.client_program("send");
    command
        .arg("--ssh")
        .arg(ssh)
        .args(["--to", "client1", "--certificate"]);
    command.arg(story.certificate("client1"));
    command
}

fn processes(story: &Story) -> PathBuf {
    story.path().join("processes")
}

#[test]
fn a_connection_that_is_cut_is_made_anew() {
    let story = Story::begin();
    let files: Vec<_> = (0..300)
        .map(|n| story.file(format!("file{n}"), format!("{n}")))
        .collect();
    let mut sending = sender(&story)
        .args(&files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let end = Instant::now() + Duration::from_secs(60);
    while !files.iter().any(|file| signature(file).exists()) {
        assert!(Instant::now() < end, "nothing is signed");
        sleep(Duration::from_millis(2));
    }
    let connections = fs::read_to_string(processes(&story)).expect("noted");
    let process = connections.lines().next().expect("one");
    let cut = Command::new("kill").args(["-KILL", process]).status();
    assert!(cut.expect("kill runs").success());

    assert!(sending.wait().expect("it ends").success());
    story.check("client1", &files).expect(0);
    let connections = fs::read_to_string(processes(&story)).expect("noted");
    assert_eq!(connections.lines().count(), 2, "one more connection");
}

#[test]
fn openssh_takes_the_connection_that_the_client_made() {
    let story = Story::begin();
    let file = story.file("a", "content");
    let verbose = ["-o", "LogLevel=DEBUG1"];
    let sent = Outcome::of(sender(&story).args(verbose).arg(&file));
    sent.expect(0);
    let dialed = "Executing proxy dialer command: ";
    assert!(sent.stderr.contains(dialed), "{sent:#?}");

    for own in [&["--no-proxy"][..], &["-o", "ProxyCommand=none"]] {
        let sent = Outcome::of(sender(&story).args(verbose).args(own).arg(&file));
        sent.expect(0);
        assert!(!sent.stderr.contains(dialed), "{sent:#?}");
    }
    story.check("client1", &[file]).expect(0);
}

#[test]
fn a_port_without_a_listener_is_unreachable_in_either_way() {
    let story = Story::begin();
    let file = story.file("a", "content");
    for own in [&[][..], &["--no-proxy"]] {
        let sent = Outcome::of(
            sender(&story)
                .args(["--patience", "0", "-o", "Port=1"])
                .args(own)
                .arg(&file),
        );
        sent.expect(4);
        sent.expect_complaint("Connection refused");
    }
}

/// What the log has of it is the answer to whoever asks again.
#[test]
fn whatever_is_killed_each_file_is_on_record_once() {
    let mut story = Story::begin();
    let files: Vec<_> = (0..200)
        .map(|n| story.file(format!("file{n}"), format!("{n}")))
        .collect();
    let vkey = story.description().log.vkey.clone();
    let mut sending = sender(&story)
        .args(["--log-key", &vkey])
        .args(&files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let signed = || files.iter().filter(|file| signature(file).exists()).count();
    let end = Instant::now() + Duration::from_secs(60);
    let mut killed = 0;
    while sending.try_wait().expect("own child").is_none() {
        // Each time some more are signed, and some are on their way.
        if signed() > killed * 40 && killed < 4 {
            story.enclave().log().kill();
            if killed % 2 == 1 {
                let connections = fs::read_to_string(processes(&story)).expect("noted");
                let process = connections.lines().last().expect("one");
                // It may have ended by itself.
                let _ = Command::new("kill").args(["-KILL", process]).status();
            }
            story.enclave().log().start_again().expect("started");
            killed += 1;
        }
        assert!(Instant::now() < end, "{} are signed", signed());
        sleep(Duration::from_millis(1));
    }
    assert!(sending.wait().expect("it ends").success());
    assert!(killed > 1, "it was too fast to be killed");

    let mut verify = story.client_program("verify");
    verify
        .arg("--certificate")
        .arg(story.certificate("client1"));
    verify.args(["--quiet", "--log-key", &vkey]);
    Outcome::of(verify.args(&files)).expect(0);
    let mut show = story.command(&program("signstar-log"));
    show.arg("show").arg(&story.description().log.dir);
    let shown = Outcome::of(show.args(["--vkey", &vkey, "--output", "json"]));
    shown.expect(0);
    assert_eq!(shown.stdout.lines().count(), files.len());
}
