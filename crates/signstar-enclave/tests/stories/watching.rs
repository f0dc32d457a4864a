//! Whoever watches a host: figures, and signatures on a timer.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;

use crate::story::{Outcome, Session, Story, is_installed, program};

/// Has the enclave publish figures in the folder that is returned.
fn publish(story: &Story) -> PathBuf {
    let folder = story.path().join("metrics");
    fs::create_dir_all(&folder).expect("a folder");
    let line = format!("\nmetrics = \"{}\"\n\n", folder.display());
    story.reconfigure(|text| text.replacen("\n\n", &line, 1));
    folder
}

/// The samples of a page of metrics; fails on what the text format of Prometheus does not allow.
fn samples(path: &std::path::Path) -> BTreeMap<String, f64> {
    let page = fs::read_to_string(path).expect("a page");
    assert!(page.ends_with('\n'));
    if is_installed("promtool") {
        let mut check = std::process::Command::new("promtool");
        Outcome::with_input(check.args(["check", "metrics"]), page.as_str()).expect(0);
    }
    let mut types = BTreeMap::new();
    let mut helped = None;
    let mut found = BTreeMap::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a name and a text");
            assert!(!text.is_empty());
            helped = Some(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert_eq!(
                helped.as_deref(),
                Some(name),
                "help and type belong together"
            );
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(
                types.insert(name.to_owned(), kind).is_none(),
                "twice: {line}"
            );
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a series and a value");
            let (name, labels) = series.split_once('{').expect("labels");
            let labels = labels.strip_suffix('}').expect("labels end");
            for label in labels.split(',') {
                let (label, value) = label.split_once('=').expect("a label and a value");
                assert!(label.bytes().all(|c| c.is_ascii_lowercase()), "{line}");
                let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
                assert!(inner.is_some_and(|v| !v.contains(['"', '\\'])), "{line}");
            }
            let metric = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|metric| types.get(*metric) == Some(&"histogram"))
                .unwrap_or(name);
            // What belongs to one metric stands together, after its type.
            assert_eq!(helped.as_deref(), Some(metric), "{line}");
            let value = value.parse().expect("a number");
            assert!(
                found.insert(series.to_owned(), value).is_none(),
                "twice: {line}"
            );
        }
    }
    found
}

#[test]
fn figures_add_up_over_sessions_one_after_the_other_and_at_once() {
    let story = Story::begin();
    let folder = publish(&story);
    let good = story.request("content");
    let mut bad = good.clone();
    bad["version"] = "9.0.0".into();
    let session = || {
        let mut session = Session::open(story.ssh().arg("client1"));
        for request in [&good, &bad, &good] {
            session.write(&request.to_string()).expect("open");
        }
        session.finish().1.expect(3);
    };
    session();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(session);
        }
    });
    let path = folder.join("signstar-client1.prom");
    let samples = samples(&path);
    let of = |series: &str| samples.get(series).copied();
    let client = "client=\"client1\"";
    let signatures = format!("signstar_signatures_total{{{client},output=\"OpenPGPv4\"}}");
    assert_eq!(of(&signatures), Some(10.0), "{samples:#?}");
    let refusals = format!("signstar_refusals_total{{{client},code=\"unsupported-version\"}}");
    assert_eq!(of(&refusals), Some(5.0));
    assert_eq!(of(&format!("signstar_in_flight{{{client}}}")), Some(0.0));
    assert_eq!(
        of(&format!("signstar_hsm_seconds_count{{{client}}}")),
        Some(10.0)
    );
    let all = format!("signstar_hsm_seconds_bucket{{{client},le=\"+Inf\"}}");
    assert_eq!(of(&all), Some(10.0));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // Nothing half is left in the folder.
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
}

#[test]
fn a_self_test_signs_with_every_key_or_says_which_it_cannot() {
    let mut story = Story::with_clients(&[
        ("client1", signstar_enclave::KeyType::Curve25519),
        ("client2", signstar_enclave::KeyType::EcP256),
    ]);
    let folder = publish(&story);
    story.reconfigure(|text| {
        let limits = "\nlimits = { request-seconds = 1 }\n\n";
        let namespace = "[key.\"client2\"]\nssh-namespace = \"files\"\n";
        text.replacen("\n\n", limits, 1)
            .replacen("[key.\"client2\"]\n", namespace, 1)
    });
    let test = |story: &Story| {
        let mut command = story.command(&program("signstar-sign"));
        command.arg("self-test").arg("--config");
        Outcome::of(command.arg(story.home().join("signstar.toml")))
    };
    let success = |of: &str| {
        let mut pages = fs::read_dir(&folder).expect("a folder").flatten();
        let page = pages.next().expect("a page").path();
        samples(&page)[&format!("signstar_self_test_success{{{of}}}")]
    };
    let first = "key=\"client1\",output=\"OpenPGPv4\"";
    let second = "key=\"client2\",output=\"SSHSIG\"";

    let outcome = test(&story);
    outcome.expect(0);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{outcome:#?}");
    for (line, what) in
        lines
            .iter()
            .zip(["client1 OpenPGPv4", "client2 OpenPGPv4", "client2 SSHSIG"])
    {
        assert!(line.starts_with(&format!("ok      {what}")), "{line}");
    }
    assert_eq!((success(first), success(second)), (1.0, 1.0));
    assert_eq!(story.journal(), Vec::<Value>::new());

    story.restart_hsm(&["--misbehave", "wrong-signature"]);
    test(&story).expect(5);
    story.enclave().hsm().stop();
    let outcome = test(&story);
    outcome.expect(4);
    assert!(
        outcome.stdout.starts_with("FAILED  client1 OpenPGPv4"),
        "{outcome:#?}"
    );
    assert_eq!((success(first), success(second)), (0.0, 0.0));

    story.restart_hsm(&[]);
    fs::remove_file(story.home().join("secrets/client1")).expect("removed");
    let outcome = test(&story);
    outcome.expect(1);
    assert!(
        outcome.stdout.contains("FAILED  client1 any"),
        "{outcome:#?}"
    );
    assert!(
        outcome.stdout.contains("ok      client2 SSHSIG"),
        "{outcome:#?}"
    );
}
