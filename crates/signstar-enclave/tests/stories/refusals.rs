//! What an enclave does not sign, and what it says about that.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::story::{Outcome, Story, program};

const LARGEST: usize = 64 * 1024;

/// Requests that are refused, each with the code of the refusal.
fn refused(good: &Value) -> Vec<(String, &'static str)> {
    let changed = |place: &str, value: Value| {
        let mut request = good.clone();
        *request.pointer_mut(place).expect("there") = value;
        request.to_string()
    };
    let content = "/required/input/content";
    let state = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut octets = good
            .pointer(content)
            .and_then(Value::as_array)
            .expect("octets")
            .clone();
        change(&mut octets);
        changed(content, octets.into())
    };
    let text = good.to_string();
    let mut bad = Vec::new();
    for request in [
        "{".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "[".repeat(LARGEST / 2),
        text[..text.len() - 1].to_owned(),
        text.replacen('{', "{\"version\":\"1.0.0\",", 1),
        text.replacen('{', "{\"key\":\"client1\",", 1),
        changed("/version", json!("one")),
        changed("/version", json!(1)),
        changed("/required", json!({})),
        changed("/required", json!(null)),
        changed("/required/input", json!("SHA-512")),
        changed("/optional", json!([])),
        changed(content, json!("AAAA")),
        changed(content, json!({"0": 0})),
        changed(content, json!([256])),
        changed(content, json!([-1])),
        changed(content, json!([0.5])),
        text.replacen("\"content\":[", "\"content\":[18446744073709551616,", 1),
        text.replacen("\"content\":[", "\"content\":[1e400,", 1),
        text.replacen("\"content\":[", "\"content\":[1e999999999999,", 1),
        text.replacen(
            "\"content\":[",
            &format!("\"content\":[{},", "9".repeat(LARGEST / 2)),
            1,
        ),
    ] {
        bad.push((request, "malformed-request"));
    }
    for version in ["0.9.0", "1.0.1", "1.2.0", "2.0.0", "1.0.0-rc.1"] {
        bad.push((changed("/version", json!(version)), "unsupported-version"));
    }
    for input in ["", "SHA512-digest", "sha2-0.11-SHA256-state"] {
        bad.push((
            changed("/required/input/type", json!(input)),
            "unsupported-input",
        ));
    }
    for output in ["", "OpenPGPv6", "raw", "openpgpv4"] {
        bad.push((
            changed("/required/output/type", json!(output)),
            "unsupported-output",
        ));
    }
    for request in [
        changed(content, json!([])),
        changed(content, json!(vec![0; 208])),
        state(&|octets| octets.truncate(207)),
        state(&|octets| octets.push(0.into())),
        state(&|octets| octets[80] = 128.into()),
        state(&|octets| octets[80] = 255.into()),
        state(&|octets| octets[207] = 1.into()),
        // The initial chaining value begins with 8.
        state(&|octets| octets[0] = 9.into()),
        state(&|octets| octets[64 + 6] = 1.into()),
        state(&|octets| octets[64..80].fill(255.into())),
    ] {
        bad.push((request, "invalid-state"));
    }
    bad.push((
        changed("/optional", json!({"x": "x".repeat(LARGEST)})),
        "request-too-large",
    ));
    bad.push((" ".repeat(LARGEST + 1), "request-too-large"));
    bad.push((
        "\"".to_owned() + &"x".repeat(20 * LARGEST),
        "request-too-large",
    ));
    bad
}

#[test]
fn a_bad_request_is_refused_and_leaves_nothing_behind() {
    let story = Story::begin();
    let good = story.request("content");
    let before = story.listing();
    let config = story.home().join("signstar.toml");
    let mut codes = BTreeSet::new();
    for (request, code) in refused(&good) {
        // Each code comes through SSH once; the others are spared the handshake.
        let mut command = if codes.insert(code) {
            story.ssh()
        } else {
            let mut command = sign(&story, &config);
            command.arg("--client");
            command
        };
        let told = request.chars().take(60).collect::<String>();
        let lines = story.journal().len();
        let outcome = Outcome::with_input(command.arg("client1"), request);
        assert_eq!(outcome.code, Some(3), "{told}: {outcome:#?}");
        assert_eq!(outcome.stdout.lines().count(), 1, "{told}: {outcome:#?}");
        let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(answer["refusal"]["code"], code, "{told}: {outcome:#?}");
        assert_eq!(answer["refusal"]["retry"], false);

        let journal = story.journal();
        assert_eq!(journal.len(), lines + 1, "{told}");
        let line = &journal[lines];
        assert_eq!(
            (&line["outcome"], &line["client"]),
            (&code.into(), &"client1".into())
        );
        if ["malformed-request", "invalid-state"].contains(&code) {
            let cause = line["cause"].as_str().expect("a cause");
            assert!(!outcome.stderr.contains(cause), "{told}: {outcome:#?}");
            assert!(!outcome.stdout.contains(cause), "{told}: {outcome:#?}");
        }
    }
    assert_eq!(story.listing(), before);
}

#[test]
fn a_session_without_a_request_is_no_success() {
    let story = Story::begin();
    let before = story.listing();
    for nothing in ["", " \n\t\r\n"] {
        let outcome = Outcome::with_input(story.ssh().arg("client1"), nothing);
        outcome.expect(3);
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(story.listing(), before);
    assert_eq!(story.journal().len(), 2);
}

#[test]
fn one_refused_request_does_not_stop_the_others() {
    let story = Story::begin();
    let good = story.request("content");
    let mut bad = good.clone();
    bad["version"] = "9.0.0".into();
    let outcome = Outcome::with_input(story.ssh().arg("client1"), format!("{good}{bad} {good}\n"));
    outcome.expect(3);
    let answers: Vec<Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[1]["refusal"]["code"], "unsupported-version");
    for answer in [&answers[0], &answers[2]] {
        assert_eq!(answer["version"], "1.0.0");
        let members = answer.as_object().expect("an object");
        assert_eq!(members.keys().collect::<Vec<_>>(), ["signature", "version"]);
    }
    // What cannot be told apart is not looked at.
    let outcome = Outcome::with_input(story.ssh().arg("client1"), format!("{good}] {good}"));
    outcome.expect(3);
    assert_eq!(outcome.stdout.lines().count(), 2);
}

/// `signstar-sign` without SSH.
fn sign(story: &Story, config: &Path) -> Command {
    let mut command = story.command(&program("signstar-sign"));
    command.arg("--config").arg(config);
    command
}

#[test]
fn only_clients_of_the_configuration_get_signatures() {
    let story = Story::begin();
    let request = story.request("content").to_string();
    let refusal = |outcome: &Outcome| -> Value {
        serde_json::from_str::<Value>(&outcome.stdout).expect("JSON")["refusal"]["code"].clone()
    };

    let config = story.home().join("signstar.toml");
    let mut nobody = sign(&story, &config);
    let outcome = Outcome::with_input(nobody.args(["--client", "nobody"]), request.as_str());
    outcome.expect(3);
    assert_eq!(refusal(&outcome), "unknown-client");

    let disabled = story.configuration(|text| text + "enabled = false\n");
    fs::write(&config, disabled).expect("written");
    let outcome = Outcome::with_input(story.ssh().arg("client1"), request.as_str());
    outcome.expect(3);
    assert_eq!(refusal(&outcome), "not-permitted");
    let outcomes: Vec<_> = story
        .journal()
        .iter()
        .map(|line| line["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["unknown-client", "not-permitted"]);
    let cause = story.journal()[1]["cause"].clone();
    assert!(!outcome.stderr.contains(cause.as_str().expect("a cause")));
}

#[test]
fn who_the_client_is_follows_the_configuration() {
    let story = Story::begin();
    let request = story.request("content").to_string();
    let config = story.home().join("signstar.toml");
    let outcome = Outcome::with_input(&mut sign(&story, &config), request.as_str());
    outcome.expect(2);
    assert_eq!(outcome.stdout, "");

    let unix_users = story.configuration(|text| text.replace("authorized-keys", "unix-user"));
    let config = story.file("unix-users.toml", unix_users);
    let mut named = sign(&story, &config);
    let outcome = Outcome::with_input(named.args(["--client", "client1"]), request.as_str());
    outcome.expect(2);
    outcome.expect_complaint("cannot be named on the command line");
    assert_eq!(outcome.stdout, "");

    // This user is not called client1.
    let outcome = Outcome::with_input(&mut sign(&story, &config), request.as_str());
    outcome.expect(3);
    assert!(outcome.stdout.contains("unknown-client"), "{outcome:#?}");
}

#[test]
fn a_session_has_limits() {
    let story = Story::begin();
    let good = story.request("content").to_string();
    let limited = story.configuration(|text| {
        text.replacen(
            "\n\n",
            "\nlimits = { requests = 2, idle-seconds = 1 }\n\n",
            1,
        )
    });
    fs::write(story.home().join("signstar.toml"), limited).expect("written");
    let outcome = Outcome::with_input(story.ssh().arg("client1"), good.repeat(4));
    outcome.expect(3);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[2].contains("session-limit"), "{outcome:#?}");

    // A client that asks for nothing and does not leave is sent away.
    let mut silent = story.ssh();
    silent.arg("client1").stdin(std::process::Stdio::piped());
    let mut child = crate::story::started(&mut silent);
    let stdin = child.stdin.take();
    child.wait().expect("an end");
    drop(stdin);
    let outcome = Outcome::of_started(child);
    outcome.expect(3);
    assert!(outcome.stdout.contains("session-limit"), "{outcome:#?}");
}
