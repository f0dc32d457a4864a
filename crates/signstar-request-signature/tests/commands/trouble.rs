//! What goes wrong: the right exit status, a clear word, and nothing left behind.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{
    key::Key,
    stand_in::{Ended, Place, refusal},
};

/// One file, sent to an enclave that does as the script does. Nothing may be written.
fn sent_to(script: &str) -> Ended {
    let place = Place::new();
    place.write("a", "content");
    place.write("a.sig", "older");
    place.ssh_after_input(script);
    let ended = place.send(&["a"]);
    assert_eq!(place.files(), ["a", "a.sig"], "{ended:?}");
    assert_eq!(place.read("a.sig"), "older");
    assert_eq!(ended.stdout, "");
    ended
}

fn answered_with(response: &str) -> Ended {
    let ended = sent_to(&format!("cat <<'END'\n{response}\nEND"));
    assert!(ended.stderr.contains("\nerror: a: "), "{ended:?}");
    assert!(ended.stderr.contains("\nhint: "), "{ended:?}");
    ended
}

#[test]
fn refusals_have_the_status_of_their_code() {
    for (code, status) in [
        ("not-permitted", 3),
        ("hsm-unavailable", 4),
        ("signature-invalid", 5),
        ("from-the-future", 3),
    ] {
        let ended = answered_with(&refusal(code, "words"));
        assert_eq!(ended.status, status, "{ended:?}");
        let text = format!("error: a: refused by the enclave: words ({code})\n");
        assert!(ended.stderr.contains(&text), "{ended:?}");
    }
}

#[test]
fn a_refusal_cannot_paint_the_screen() {
    let ended = answered_with(&refusal("not-permitted", "\u{1b}[2J\r\nsigned a -> a.sig"));
    assert_eq!(ended.status, 3);
    assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    assert!(!ended.stderr.contains("\nsigned"), "{ended:?}");
}

#[test]
fn what_is_no_response_is_not_believed() {
    for response in [
        "{}",
        "[1]",
        "\"yes\"",
        r#"{"version":"1.0.0","signature":"no armor"}"#,
        r#"{"version":"9.0.0","signature":""}"#,
        r#"{"version":"1.0.0","signature":"","more":1}"#,
    ] {
        assert_eq!(answered_with(response).status, 5, "{response}");
    }
}

#[test]
fn what_is_not_even_json_is_no_enclave() {
    let ended = sent_to("echo Welcome to this host; exit 255");
    assert_eq!(ended.status, 5, "{ended:?}");
    assert!(ended.stderr.contains("what answers is not an enclave"));
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let begin = Instant::now();
    for script in [
        "exec yes '['",
        "printf '\"'; exec tr '\\0' x < /dev/zero",
        "exec yes ''",
    ] {
        assert_eq!(sent_to(script).status, 5, "{script}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_connection_without_an_answer_has_a_status() {
    for (script, status) in [
        ("exit 255", 4),
        ("exit 0", 4),
        ("exit 1", 3),
        ("exit 3", 3),
        ("exit 4", 4),
        ("exit 5", 5),
        ("kill -9 $$", 4),
        ("printf '{\"version\":\"1.0.0\",\"signa'; exit 255", 4),
        ("printf '{\"version\":\"1.0.0\",\"signa'", 4),
    ] {
        assert_eq!(sent_to(script).status, status, "{script}");
    }
}

#[test]
fn an_enclave_that_reads_nothing_is_unreachable() {
    let place = Place::new();
    let names: Vec<String> = (0..300).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    place.ssh("exit 255");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ended = place.send(&names);
    assert_eq!(ended.status, 4, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("error: 300 of 300 files are not signed:\n  file0\n")
    );
}

#[test]
fn ssh_that_cannot_be_started_is_local_trouble() {
    let place = Place::new();
    place.write("a", "content");
    let ended = place.run(&["send", "--to", "x", "--ssh", "/nowhere/ssh", "a"]);
    assert_eq!(ended.status, 1);
    assert!(
        ended
            .stderr
            .contains("error: cannot start /nowhere/ssh: No such file or directory\nhint: ")
    );
}

#[test]
fn a_signature_of_another_file_is_not_written() {
    let place = Place::new();
    place.write("a", "one");
    place.write("b", "two");
    let other = place.run(&["prepare", "b"]).stdout;
    let (key, enclave) = (Key::generate(), Key::generate());
    let response = enclave.respond(other.as_bytes());
    enclave.write_certificate(&place.path("cert"));
    key.write_certificate(&place.path("other-cert"));
    place.serve(move |_| response.clone());
    let ended = place.send(&["--certificate", "cert", "a"]);
    assert_eq!(ended.status, 5, "{ended:?}");
    assert_eq!(place.files(), ["a", "b", "cert", "other-cert"]);
}

#[test]
fn mistakes_are_noticed_without_a_certificate_too() {
    let place = Place::new();
    place.write("b", "two");
    let response = Key::generate().respond(place.run(&["prepare", "b"]).stdout.as_bytes());
    let ended = sent_to(&format!("cat <<'END'\n{response}\nEND"));
    assert_eq!(ended.status, 5, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("it states the digest of another file")
    );
}

#[test]
fn a_signature_by_another_key_is_not_written() {
    let place = Place::new();
    place.write("a", "one");
    place.enclave(|_, response| response);
    Key::generate().write_certificate(&place.path("cert"));
    let ended = place.send(&["--certificate", "cert", "a"]);
    assert_eq!(ended.status, 5, "{ended:?}");
    assert!(ended.stderr.contains("made by another key"), "{ended:?}");
    assert_eq!(place.files(), ["a", "cert"]);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let place = Place::new();
    place.write("a", "one");
    place.write("secret", "two");
    place.write("b", "three");
    fs::create_dir(place.path("folder")).expect("a folder");
    fs::set_permissions(place.path("secret"), fs::Permissions::from_mode(0o000)).expect("set");
    // The superuser can read everything.
    let is_root = fs::read(place.path("secret")).is_ok();
    place.enclave(|_, response| response);
    let ended = place.send(&["a", "missing", "secret", "folder", "/dev/null", "b"]);
    assert_eq!(ended.status, 1, "{ended:?}");
    for line in [
        "error: cannot read missing: No such file or directory\nhint: ",
        "error: cannot read folder: it is a folder\nhint: ",
        "error: cannot read /dev/null: it is not a regular file\nhint: ",
    ] {
        assert!(ended.stderr.contains(line), "{line}{ended:?}");
    }
    if !is_root {
        let line = "error: cannot read secret: Permission denied\nhint: ";
        assert!(ended.stderr.contains(line), "{ended:?}");
        let summary = "error: 4 of 6 files are not signed:\n  missing\n  secret\n  folder\n";
        assert!(ended.stderr.contains(summary), "{ended:?}");
    }
    assert!(place.path("a.sig").is_file() && place.path("b.sig").is_file());
}

#[test]
fn nothing_is_connected_to_without_a_file() {
    let place = Place::new();
    place.serve(|_| String::new());
    assert_eq!(place.send(&["missing"]).status, 1);
    assert!(!place.path("wire-connections").exists());
}

#[test]
fn the_worst_of_several_counts() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, name);
    }
    place.enclave(|request, response| {
        let is = |name: &str| String::from_utf8_lossy(request).contains(&format!("\"{name}\""));
        match () {
            () if is("a") => refusal("not-permitted", "no"),
            () if is("b") => "{}".to_owned(),
            () => response,
        }
    });
    let ended = place.send(&["a", "b", "c", "missing"]);
    assert_eq!(ended.status, 5, "{ended:?}");
    assert!(
        ended
            .stderr
            .ends_with("error: 3 of 4 files are not signed:\n  a\n  b\n  missing\n")
    );
    assert_eq!(place.files(), ["a", "b", "c", "c.sig"]);
}

#[test]
fn a_file_that_changes_meanwhile_is_not_signed() {
    let place = Place::new();
    place.write("a", "one");
    let path = place.path("a");
    place.enclave(move |_, response| {
        fs::write(&path, "another").expect("written");
        response
    });
    let ended = place.send(&["a"]);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("error: a changed while it was being signed\n")
    );
    assert_eq!(place.files(), ["a"]);
}

#[test]
fn a_signature_that_cannot_be_written_is_local_trouble() {
    let place = Place::new();
    place.write("a", "one");
    fs::create_dir_all(place.path("a.sig/inside")).expect("a folder");
    place.enclave(|_, response| response);
    let ended = place.send(&["a"]);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(
        ended.stderr.contains("error: cannot write a.sig: "),
        "{ended:?}"
    );
    assert_eq!(place.files(), ["a", "a.sig"]);
}

#[test]
fn an_interrupted_program_leaves_nothing() {
    let place = Place::new();
    place.write("a", "one");
    let (asked, is_asked) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    place.enclave(move |_, response| {
        asked.send(()).expect("somebody waits");
        // Ends when the other side is dropped.
        let _: Result<(), _> = goes_on.recv();
        response
    });
    let mut child = place
        .command(&["send", "--to", "x", "--ssh", "./ssh", "a"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    is_asked.recv().expect("a request");
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    drop::<mpsc::Sender<()>>(go_on);
    assert_eq!(place.files(), ["a"]);
}

#[test]
fn an_older_enclave_gets_one_file_per_connection() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, name);
    }
    let response = refusal("not-permitted", "no");
    place.ssh(&format!(
        "echo x >> $here/wire-connections\ntest $(wc -l) = 1 || exit 1\nprintf %s '{response}'"
    ));
    let ended = place.send(&["a", "b", "c"]);
    assert_eq!(ended.status, 3, "{ended:?}");
    assert_eq!(ended.stderr.matches("refused by the enclave").count(), 3);
    assert_eq!(place.read("wire-connections").lines().count(), 1 + 3);

    let ended = place.send(&["--one-by-one", "a", "b", "c"]);
    assert_eq!(ended.stderr.matches("refused by the enclave").count(), 3);
    assert_eq!(place.read("wire-connections").lines().count(), 1 + 3 + 3);

    place.ssh("cat > /dev/null\nexit 1");
    let ended = place.send(&["--one-by-one", "a", "b", "c"]);
    assert_eq!(ended.stderr.matches("without an answer").count(), 3);
    assert_eq!(ended.status, 3);
}

#[test]
fn an_older_enclave_may_answer_the_first_and_end() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, name);
    }
    let response = refusal("not-permitted", "no");
    place.ssh(&format!(
        "echo x >> $here/wire-connections\nread line\nprintf %s '{response}'"
    ));
    let ended = place.send(&["a", "b", "c"]);
    assert_eq!(ended.stderr.matches("refused by the enclave").count(), 3);
    assert_eq!(place.read("wire-connections").lines().count(), 3);
}
