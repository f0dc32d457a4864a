//! The command: its one line, its errors, its end.

use std::process::{Command, Output};

use crate::device::{Process, client};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_softnethsm"))
        .args(arguments)
        .output()
        .expect("run")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("text")
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &[]);
    let data = folder.path().to_str().expect("text");
    let output = run(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        format!(
            "error: {data} is in use by another softnethsm\n\
             hint: stop the other process, or give --data another folder\n"
        )
    );
    client(folder.path(), process.port)
        .alive()
        .expect("the first goes on");
}

#[test]
fn sigterm_is_a_clean_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &[]);
    // With a connection that stays open.
    let device = client(folder.path(), process.port);
    device.alive().expect("up");
    assert_eq!(process.terminate(), Some(0));
}

#[test]
fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let output = run(&["serve", "--data", data, "--listen", "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: cannot listen on nonsense"));
    assert!(text(&output.stderr).contains("\nhint: "));

    let missing = [
        "--tls-cert",
        "/nonexistent/cert",
        "--tls-key",
        "/nonexistent/key",
    ];
    let output = run(&[
        ["serve", "--data", data, "--listen", "127.0.0.1:0"].as_slice(),
        &missing,
    ]
    .concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: cannot read /nonexistent/cert"));

    assert_eq!(run(&["serve"]).status.code(), Some(2));
    assert_eq!(
        run(&["serve", "--data", data, "--listen", "x", "--tls-key", "k"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_certificate_of_ones_own_is_used() {
    let own = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    // Any device makes a certificate at its first start.
    assert_eq!(Process::start(own.path(), &[]).terminate(), Some(0));
    let file = |name: &str| own.path().join(name).to_str().expect("text").to_owned();
    let (certificate, key) = (file("tls-cert.pem"), file("tls-key.pem"));
    let more = ["--tls-cert", &certificate, "--tls-key", &key];
    let process = Process::start(folder.path(), &more);
    client(own.path(), process.port).alive().expect("trusted");
    assert!(!folder.path().join("tls-cert.pem").exists());
}

#[cfg(not(feature = "misbehave"))]
#[test]
fn misbehaviour_is_not_built_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let output = run(&[
        "serve",
        "--data",
        data,
        "--listen",
        "127.0.0.1:0",
        "--misbehave",
        "drop",
    ]);
    assert_eq!(output.status.code(), Some(2));
}
