//! What was signed before, what is told in JSON, and what an interruption leaves.

use std::{
    fs,
    process::{Command, Stdio},
    sync::mpsc,
};

use serde_json::{Value, json};

use crate::{
    key::Key,
    stand_in::{Place, refusal},
};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn what_has_a_good_signature_is_not_asked_for() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.write(name, name);
    }
    place
        .enclave(|_, response| response)
        .write_certificate(&place.path("cert"));
    assert_eq!(place.send(&["--certificate", "cert", "a"]).status, 0);
    let old = fs::read(place.path("a.sig")).expect("there");

    let again = ["--skip-existing", "--certificate", "cert", "a", "b"];
    let sent = place.send(&again);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    let mut told: Vec<_> = sent.stdout.lines().collect();
    told.sort_unstable();
    assert_eq!(told, ["kept a.sig: it holds", "signed b -> b.sig"]);
    assert_eq!(fs::read(place.path("a.sig")).expect("there"), old);

    // Nothing is left to ask for, so nothing is connected to.
    let connections = place.read("wire-connections");
    assert_eq!(place.send(&again).status, 0);
    assert_eq!(place.read("wire-connections"), connections);
}

#[test]
fn a_bad_signature_is_no_signature_and_is_replaced_only_on_request() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.write(name, name);
    }
    place
        .enclave(|_, response| response)
        .write_certificate(&place.path("cert"));
    assert_eq!(place.send(&["--certificate", "cert", "a"]).status, 0);
    place.write("a", "another content");

    let arguments = ["--skip-existing", "--certificate", "cert", "a", "b"];
    let sent = place.send(&arguments);
    assert_eq!(sent.status, 5, "{sent:?}");
    assert!(
        sent.stderr
            .contains("error: a.sig: it states the digest of another file\nhint: ")
    );
    assert!(sent.stderr.contains("--replace-bad"), "{sent:?}");
    assert!(place.path("b.sig").is_file());

    let sent = place.send(&[&["--replace-bad"], &arguments[..]].concat());
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    assert_eq!(
        place
            .run(&["verify", "-q", "--certificate", "cert", "a"])
            .status,
        0
    );
}

#[test]
fn what_cannot_be_verified_cannot_be_skipped() {
    let place = Place::new();
    place.write("a", "content");
    let sent = place.send(&["--skip-existing", "a"]);
    assert_eq!(sent.status, 2, "{sent:?}");
    assert!(sent.stderr.contains("no certificate to verify with"));
}

#[test]
fn programs_are_told_in_json() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.write(name, name);
    }
    let key = place.enclave(|request, response| {
        match String::from_utf8_lossy(request).contains("\"b\"") {
            true => refusal("not-permitted", "no\u{202e}"),
            false => response,
        }
    });
    key.write_certificate(&place.path("cert"));
    let sent = place.send(&["--json", "--certificate", "cert", "a", "b", "missing"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (3, ""));
    assert!(!sent.stdout.contains('\u{202e}'));
    let mut told = lines(&sent.stdout);
    let summary = told.pop().expect("a summary");
    assert_eq!(
        summary,
        json!({"summary": {"files": 3, "signed": 1, "kept": 0, "failed": 2, "status": 3}})
    );
    told.sort_by_key(|line| line["file"].to_string());
    assert_eq!(
        told[0],
        json!({"file": "a", "outcome": "signed", "signature": "a.sig"})
    );
    assert_eq!(told[1]["error"]["code"], "not-permitted");
    assert_eq!(told[1]["error"]["retry"], false);
    assert_eq!(told[1]["error"]["status"], 3);
    assert_eq!(told[2]["outcome"], "failed");
    assert_eq!(told[2]["error"]["status"], 1);

    let sent = place.run(&["send", "--json", "a"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (2, ""));
    assert_eq!(
        lines(&sent.stdout)[0]["error"]["message"],
        "no enclave to send to"
    );
}

#[test]
fn what_was_never_tried_has_its_line_too() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(name, name);
    }
    place.ssh("exit 255");
    let sent = place.send(&["--json", "a", "b", "c"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (4, ""));
    let told = lines(&sent.stdout);
    assert_eq!(told.len(), 4);
    assert_eq!(told[3]["summary"]["failed"], 3);
    assert_eq!(told[3]["summary"]["error"]["status"], 4);
}

#[test]
fn verification_is_explained_to_people_and_programs() {
    let place = Place::new();
    place.write("a", "content");
    let key = place.enclave(|_, response| response);
    key.write_certificate(&place.path("cert"));
    Key::generate().write_certificate(&place.path("other"));
    assert_eq!(place.send(&["--certificate", "cert", "a"]).status, 0);

    // One of several certificates has to do.
    let both = [
        "verify",
        "--certificate",
        "other",
        "--certificate",
        "cert",
        "a",
    ];
    let verified = place.run(&both);
    assert_eq!(verified.status, 0, "{verified:?}");
    for line in [
        "good signature a.sig\n",
        "  by   Example Packaging <packages@example.org>\n",
        "       which counts because of cert\n",
        "  kind OpenPGP, version 4\n",
        "  file 7 octets with the SHA-512\n       b2d1d285b5199c85f988d03649c37e44",
    ] {
        assert!(verified.stdout.contains(line), "{line}{verified:?}");
    }

    let verified = place.run(&[&both[..], &["--json", "missing"]].concat());
    assert_eq!((verified.status, verified.stderr.as_str()), (1, ""));
    let told = lines(&verified.stdout);
    assert_eq!(told[0]["outcome"], "good");
    assert_eq!(told[0]["signature"], "a.sig");
    assert_eq!(told[0]["certificate"], "cert");
    assert_eq!(told[1]["file"], "missing");
    assert_eq!(told[2]["summary"]["good"], 1);

    let verified = place.run(&["verify", "--certificate", "other", "--json", "a"]);
    assert_eq!(verified.status, 5, "{verified:?}");
    let told = lines(&verified.stdout);
    let message = told[0]["error"]["message"].as_str().expect("words");
    assert!(message.contains("made by another key"), "{message}");
}

#[test]
fn an_interrupted_program_says_what_was_done() {
    let place = Place::new();
    let names: Vec<String> = (0..5).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    let (asked, is_asked) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let count = std::sync::atomic::AtomicUsize::new(0);
    place.enclave(move |_, response| {
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 3 {
            asked.send(()).expect("somebody waits");
            // Ends when the other side is dropped.
            let _: Result<(), _> = goes_on.recv();
        }
        response
    });
    let arguments = [
        &["send", "--to", "x", "--ssh", "./ssh"],
        &*names.iter().map(String::as_str).collect::<Vec<_>>(),
    ]
    .concat();
    // Whatever stands in for ssh may keep it open.
    let said = fs::File::create(place.path("home/said")).expect("created");
    let mut child = place
        .command(&arguments)
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .expect("it runs");
    is_asked.recv().expect("a request");
    // Until the three answers before it are written.
    while place
        .files()
        .iter()
        .filter(|name| name.ends_with(".sig"))
        .count()
        < 3
    {
        std::thread::yield_now();
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop::<mpsc::Sender<()>>(go_on);
    let stderr = place.read("home/said");
    let said =
        "of 5 files are signed\nhint: the same command with --skip-existing signs the rest\n";
    assert!(stderr.ends_with(said), "{stderr}");
    assert_eq!(place.files().len(), 5 + 3);
}
