//! What is tried again, and what is not.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use crate::stand_in::{Place, refusal_for_now};

/// The files that were asked for, in order.
type Asked = Arc<Mutex<Vec<String>>>;

fn name(request: &[u8]) -> String {
    let request: serde_json::Value = serde_json::from_slice(request).expect("JSON");
    let name = request["optional"]["file-name"].as_str();
    name.expect("a name").to_owned()
}

fn files(place: &Place, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    names
}

fn send(place: &Place, arguments: &[&str], names: &[String]) -> crate::stand_in::Ended {
    let mut all = vec!["--patience", "20", "--certificate", "cert"];
    all.extend(arguments);
    all.extend(names.iter().map(String::as_str));
    place.send(&all)
}

#[test]
fn a_connection_that_breaks_is_made_anew_and_nothing_is_asked_twice() {
    let place = Place::new();
    let names = files(&place, 300);
    let answered = Asked::default();
    let (log, count) = (Arc::clone(&answered), AtomicUsize::new(0));
    let key = place.fickle_enclave(move |request, response| {
        // Every 101st request breaks the connection instead.
        if count.fetch_add(1, Ordering::Relaxed) % 101 == 100 {
            return None;
        }
        log.lock().expect("no panic").push(name(request));
        Some(response)
    });
    key.write_certificate(&place.path("cert"));
    let sent = send(&place, &[], &names);
    assert_eq!(sent.status, 0, "{sent:?}");
    for name in &names {
        assert!(place.path(&format!("{name}.sig")).is_file(), "{name}");
    }
    let mut answered = answered.lock().expect("no panic").clone();
    assert_eq!(answered.len(), names.len());
    answered.sort();
    answered.dedup();
    assert_eq!(answered.len(), names.len(), "something was asked for twice");
    assert_eq!(place.read("wire-connections").lines().count(), 3);
    assert!(
        sent.stderr.contains("note: the connection broke"),
        "{sent:?}"
    );
}

#[test]
fn an_enclave_that_never_answered_is_tried_three_times() {
    let place = Place::new();
    place.write("a", "content");
    place.ssh("echo x >> $here/wire-connections\nexit 255");
    let sent = place.send(&["--patience", "600", "a"]);
    assert_eq!(sent.status, 4, "{sent:?}");
    assert_eq!(place.read("wire-connections").lines().count(), 3);
}

#[test]
fn what_is_refused_for_the_moment_is_asked_for_again() {
    let place = Place::new();
    let names = files(&place, 5);
    let refusals = AtomicUsize::new(0);
    let key = place.enclave(move |request, response| {
        if name(request) == "file3" && refusals.fetch_add(1, Ordering::Relaxed) < 2 {
            return refusal_for_now("hsm-unavailable");
        }
        response
    });
    key.write_certificate(&place.path("cert"));
    let sent = send(&place, &[], &names);
    assert_eq!(sent.status, 0, "{sent:?}");
    assert!(
        sent.stderr
            .contains("note: file3: refused for the moment (hsm-unavailable); asked for again in")
    );
}

#[test]
fn patience_ends() {
    let place = Place::new();
    let names = files(&place, 3);
    let key = place.enclave(|request, response| match name(request).as_str() {
        "file1" => refusal_for_now("hsm-unavailable"),
        _ => response,
    });
    key.write_certificate(&place.path("cert"));
    let mut all = vec!["--patience", "1", "--certificate", "cert"];
    all.extend(names.iter().map(String::as_str));
    let sent = place.send(&all);
    assert_eq!(sent.status, 4, "{sent:?}");
    assert!(
        sent.stderr
            .contains("error: file1: refused by the enclave: not now (hsm-unavailable)")
    );
    assert!(place.path("file0.sig").is_file() && place.path("file2.sig").is_file());
}

#[test]
fn a_limit_of_the_session_is_no_trouble() {
    let place = Place::new();
    let names = files(&place, 35);
    let count = AtomicUsize::new(0);
    let key =
        place.fickle_enclave(
            move |_, response| match count.fetch_add(1, Ordering::Relaxed) % 12 {
                10 => Some(refusal_for_now("session-limit")),
                11 => None,
                _ => Some(response),
            },
        );
    place.write("wire-status", "3");
    key.write_certificate(&place.path("cert"));
    let sent = send(&place, &["--quiet"], &names);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    assert!(
        names
            .iter()
            .all(|name| place.path(&format!("{name}.sig")).is_file())
    );
}

#[test]
fn a_file_that_kills_its_session_does_not_take_others_with_it() {
    let place = Place::new();
    let names = files(&place, 40);
    let key =
        place.fickle_enclave(|request, response| (name(request) != "file20").then_some(response));
    // What a shell says of a program that was killed.
    place.write("wire-status", "139");
    key.write_certificate(&place.path("cert"));
    let sent = send(&place, &[], &names);
    assert_eq!(sent.status, 3, "{sent:?}");
    assert!(
        sent.stderr
            .ends_with("error: 1 of 40 files are not signed:\n  file20\n")
    );
    for name in names.iter().filter(|name| *name != "file20") {
        assert!(place.path(&format!("{name}.sig")).is_file(), "{name}");
    }
}

#[test]
fn one_answer_that_is_nonsense_costs_one_file() {
    let place = Place::new();
    let names = files(&place, 20);
    let key = place.enclave(|request, response| match name(request).as_str() {
        "file7" => "Segmentation fault".to_owned(),
        _ => response,
    });
    key.write_certificate(&place.path("cert"));
    let sent = send(&place, &[], &names);
    assert_eq!(sent.status, 5, "{sent:?}");
    let signed = names
        .iter()
        .filter(|name| place.path(&format!("{name}.sig")).is_file());
    assert_eq!(signed.count(), 19, "{sent:?}");
}
