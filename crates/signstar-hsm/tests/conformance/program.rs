//! The program `signstar-pkcs11` by itself.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nethsm::passphrase::Passphrase;
use signstar::config::Hsm;
use signstar_hsm::pkcs11::wire::{self, Answer, Login, Name, Question};

use crate::{
    suite::{Bench, messages},
    token::{PIN, SoftHsm2},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_signstar-pkcs11");

fn start(command: &mut Command) -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a socket");
    let child = (command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()))
        .spawn()
        .expect("it starts");
    // What keeps the other end of the socket open is in there.
    command.stdin(Stdio::null());
    (child, ours)
}

/// Waits until it has ended.
fn end(mut child: Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if let Some(status) = child.try_wait().expect("ours") {
            return status;
        }
        sleep(Duration::from_millis(20));
    }
    child.kill().expect("ours");
    panic!("it did not end");
}

#[test]
fn a_process_with_a_module_that_hangs_ends_when_nobody_asks_any_more() {
    let Some(mut bench) = SoftHsm2::empty() else {
        return;
    };
    bench.import("key", "01", &["-algorithm", "ED25519"]);
    let Hsm::Pkcs11(token) = bench.hsm(30) else {
        panic!("a token");
    };
    let mut command = Command::new(PROGRAM);
    let (child, mut stream) = start(command.env_clear().envs(token.environment()));
    let login = Login {
        module: token.module().to_owned(),
        token: token.token().clone(),
        pin: Passphrase::new(PIN.to_owned()),
    };
    let name = Name {
        label: "key".to_owned(),
        id: Vec::new(),
    };
    wire::send(&mut stream, &Question::Open(login, name).encode()).expect("asked");
    let answer = wire::receive(&mut stream)
        .expect("read")
        .expect("an answer");
    let (_, public) = bench.keys().remove(0);
    assert_eq!(
        Answer::decode(&answer),
        Ok(Answer::Key(Some(public.clone())))
    );
    bench.misbehave("hang");
    let message = messages(&public, "text").remove(0);
    wire::send(&mut stream, &Question::Sign(message).encode()).expect("asked");
    drop(stream);
    assert!(!end(child).success());
}

#[test]
fn who_does_not_speak_its_language_is_not_answered() {
    for said in [&b"GET / HTTP/1.1\r\n"[..], &[0, 0, 0, 1, 0], &[0xff; 64]] {
        let (child, mut stream) = start(Command::new(PROGRAM).stderr(Stdio::null()));
        // It may have gone before all is said.
        let _ = stream.write_all(said);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"", "{said:?}");
        end(child);
    }
}

#[test]
fn by_hand_it_says_what_it_is_for() {
    let output = (Command::new(PROGRAM).stdin(Stdio::null()).output()).expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("not by hand") && said.contains("hint: "),
        "{said}"
    );
}
