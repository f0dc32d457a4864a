//! Requests made elsewhere: one answer for each, in order, however often the connection breaks.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use crate::stand_in::{Ended, Place, pretty, refusal, refusal_for_now};

impl Place {
    /// `send -` with `input`.
    fn forward(&self, arguments: &[&str], input: &str) -> Ended {
        self.write("requests", input);
        let head = ["send", "--to", "x", "--ssh", "./ssh"];
        let output = self
            .command(&[&head, arguments, &["-"]].concat())
            .stdin(fs::File::open(self.path("requests")).expect("opened"))
            .output();
        Ended::from(output.expect("it runs"))
    }
}

/// Requests that an enclave of [`echo`] tells apart.
fn numbered(count: usize) -> String {
    (0..count).map(|n| format!("{{\"n\":{n}}}\n")).collect()
}

fn number(request: &[u8]) -> u64 {
    let request: Value = serde_json::from_slice(request).expect("JSON");
    request["n"].as_u64().expect("a number")
}

/// A response with nothing in it but the number of its request.
fn echo(request: &[u8]) -> String {
    let id = number(request).to_string();
    json!({"version": "1.1.0", "signature": "", "id": id}).to_string()
}

/// The numbers of the requests that were answered.
fn answered(ended: &Ended) -> Vec<u64> {
    let number = |line: &str| {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        answer["id"].as_str()?.parse().ok()
    };
    ended.stdout.lines().filter_map(number).collect()
}

fn all(count: u64) -> Vec<u64> {
    (0..count).collect()
}

#[test]
fn it_has_the_status_of_the_responses() {
    let forward = |script: &str, input: &str| {
        let place = Place::new();
        place.ssh_after_input(script);
        place.forward(&["--patience", "0"], input)
    };
    let ended = forward(
        &format!(
            "cat <<'END'\n{}\n{{\n}}\nEND",
            refusal("not-permitted", "no")
        ),
        "{}{}",
    );
    assert_eq!(ended.status, 5, "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 2, "{ended:?}");
    assert_eq!(forward("exit 255", "{}").status, 4);
    assert_eq!(forward("exit 3", "{}").status, 3);
    assert_eq!(forward("exit 255", "").status, 1);
    assert_eq!(forward("echo Welcome", "{}").status, 5);
    let ended = forward("echo '{}'", "{} rubbish");
    assert_eq!(ended.stdout, "{}\n");
    assert!(
        ended.stderr.contains("error: the input is not"),
        "{ended:?}"
    );
}

#[test]
fn a_broken_connection_repeats_only_what_was_not_answered() {
    let place = Place::new();
    let asked = AtomicUsize::new(0);
    let log = place.path("asked");
    // Every tenth request ends the connection the first time.
    place.fickle_enclave(move |request, _| {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        let known = fs::read_to_string(&log).unwrap_or_default();
        if count % 10 == 9 {
            return None;
        }
        fs::write(&log, format!("{known}{}\n", number(request))).expect("written");
        Some(echo(request))
    });
    let ended = place.forward(&[], &numbered(35));
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(answered(&ended), all(35));
    // Nothing was answered twice.
    let expected: String = all(35).iter().map(|n| format!("{n}\n")).collect();
    assert_eq!(place.read("asked"), expected);
    assert_eq!(place.read("wire-connections").lines().count(), 4);
}

#[test]
fn pairs_are_kept_when_an_enclave_says_how_long_it_takes() {
    let place = Place::new();
    place.serve(|request| {
        let progress = |ahead: u64| json!({"version": "1.1.0", "progress": {"ahead": ahead}});
        let n = number(request);
        format!(
            "{}\n{}{}",
            progress(n + 1),
            progress(n),
            pretty(&echo(request))
        )
    });
    let ended = place.forward(&["--patience", "0"], &numbered(20));
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(answered(&ended), all(20));
    assert_eq!(ended.stdout.lines().count(), 20, "{ended:?}");
}

#[test]
fn a_session_at_its_limit_goes_on_in_another() {
    let place = Place::new();
    let asked = AtomicUsize::new(0);
    place.serve(
        move |request| match asked.fetch_add(1, Ordering::Relaxed) % 8 {
            7 => refusal_for_now("session-limit"),
            _ => echo(request),
        },
    );
    let ended = place.forward(&["--patience", "0"], &numbered(7));
    assert_eq!((ended.status, answered(&ended)), (0, all(7)), "{ended:?}");
    let ended = place.forward(&["--patience", "0"], &numbered(1));
    // Where nothing was signed in the session before, it is a refusal as any other.
    assert_eq!(ended.status, 3, "{ended:?}");
    let ended = place.forward(&["--patience", "0"], &numbered(10));
    assert_eq!((ended.status, answered(&ended)), (0, all(10)), "{ended:?}");
    assert!(!ended.stdout.contains("session-limit"), "{ended:?}");
}

#[test]
fn an_older_enclave_gets_one_request_per_connection() {
    let place = Place::new();
    let answer = "printf '{\"version\":\"1.1.0\",\"signature\":\"\",\"id\":\"%s\"}' \
                  $(echo $line | sed 's/[^0-9]//g')";
    let count = "echo x >> $here/wire-connections";
    // It reads to the end, and wants no more than one.
    let whole = "line=$(cat)\ntest $(echo \"$line\" | wc -l) = 1 || exit 1";
    place.ssh(&format!("{count}\n{whole}\n{answer}"));
    let ended = place.forward(&["--patience", "0"], &numbered(3));
    assert_eq!((ended.status, answered(&ended)), (0, all(3)), "{ended:?}");
    assert_eq!(place.read("wire-connections").lines().count(), 1 + 3);
    let ended = place.forward(&["--patience", "0", "--one-by-one"], &numbered(3));
    assert_eq!((ended.status, answered(&ended)), (0, all(3)), "{ended:?}");
    assert_eq!(place.read("wire-connections").lines().count(), 1 + 3 + 3);

    // It reads one line, answers, and ends.
    let place = Place::new();
    place.ssh(&format!("{count}\nread line\n{answer}"));
    let ended = place.forward(&["--patience", "0"], &numbered(3));
    assert_eq!((ended.status, answered(&ended)), (0, all(3)), "{ended:?}");
    assert_eq!(place.read("wire-connections").lines().count(), 3);
}

#[test]
fn a_request_that_ends_every_session_ends_the_forwarding() {
    let place = Place::new();
    place.write("wire-status", "1");
    place.fickle_enclave(|request, _| (number(request) != 2).then(|| echo(request)));
    place.write("wire-status", "1");
    let ended = place.forward(&[], &numbered(5));
    assert_eq!(ended.status, 3, "{ended:?}");
    assert_eq!(answered(&ended), all(2));
    assert!(ended.stderr.contains("without an answer"), "{ended:?}");
}
