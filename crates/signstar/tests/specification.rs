//! The examples and tables of the pages in `spec`.

use std::path::Path;

use signstar::{config::Config, log::Entry, refusal::Code, request::Request, response::Answer};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../spec")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The examples of one language on a page.
fn examples(name: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page(name)
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(example, _)| example.to_owned())
        .collect()
}

#[test]
fn the_example_of_a_request_is_one() {
    let examples = examples("request.md", "json");
    assert_eq!(examples.len(), 2);
    let later = Request::parse(examples[1].as_bytes()).expect("a request");
    assert_eq!(later.version().as_str(), "1.1.0");
    assert!(later.wants_proof());
    let request = Request::parse(examples[0].as_bytes()).expect("a request");
    assert_eq!(request.file_length(), Some(0));
    assert_eq!(
        request.alleged_name().map(ToString::to_string),
        Some("empty".to_owned())
    );
}

#[test]
fn the_examples_of_responses_are_some() {
    let examples = examples("response.md", "json");
    assert_eq!(examples.len(), 5);
    for example in examples {
        Answer::parse(example.as_bytes()).expect("a response");
    }
}

#[test]
fn the_example_of_an_entry_is_one() {
    let examples = examples("log.md", "json");
    assert_eq!(examples.len(), 1);
    let entry = Entry::parse(examples[0].trim_end().as_bytes()).expect("an entry");
    assert_eq!(entry.key(), "packages");
}

#[test]
fn the_table_of_refusals_is_complete() {
    let yes_no = |retry| if retry { "yes" } else { "no" };
    let expected: Vec<_> = Code::ALL
        .into_iter()
        .map(|code| {
            let retry = yes_no(code.retry());
            (
                format!("| `{code}` |"),
                format!("| {retry} | {} |", code.exit_status()),
            )
        })
        .collect();
    let page = page("response.md");
    let (_, table) = page
        .split_once("| code | meaning | retry | exit status |\n|---|---|---|---:|\n")
        .expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let rows: Vec<_> = table.lines().collect();
    assert_eq!(rows.len(), expected.len());
    for (row, (begin, end)) in rows.into_iter().zip(expected) {
        assert!(row.starts_with(&begin) && row.ends_with(&end), "{row}");
    }
}

#[test]
fn the_example_of_a_configuration_is_one() {
    let examples = examples("configuration.md", "toml");
    assert_eq!(examples.len(), 1);
    let example = &examples[0];
    let config = Config::parse(example).expect("a configuration");
    Config::parse_for_host(example).expect("a configuration of a host");
    assert_eq!(config.limits, signstar::config::Limits::default());

    // A name that is not on the page is an error, wherever it stands.
    let lines: Vec<_> = example.lines().collect();
    for at in 0..=lines.len() {
        let (before, after) = lines.split_at(at);
        let with = [before, &["surprise = 1"], after].concat().join("\n");
        assert!(Config::parse(&with).is_err(), "{with}");
    }
    for inside in ["passphrase = { ", "journal = { ", "devices = [{ "] {
        let with = example
            .replace(
                "journal = \"system\"",
                "journal = { file = \"/var/log/signstar\" }",
            )
            .replace(inside, &format!("{inside}surprise = 1, "));
        assert!(Config::parse(&with).is_err(), "{with}");
    }
    let mut section = "";
    for line in example.lines() {
        if line.starts_with('[') {
            section = line;
        }
        if !line.contains(" = ") {
            continue;
        }
        // Only what has a default can be left out, and nothing can be there twice.
        let name = line.split(' ').next().expect("a name");
        let has_default = [
            "journal",
            "state",
            "metrics",
            "requests",
            "idle-seconds",
            "session-seconds",
            "in-flight",
            "sessions",
            "request-seconds",
            "timeout-seconds",
            "order",
            "sessions",
            "environment",
            "object-id",
            "notations",
            "log-file-names",
            "log-policy",
            "certificate-v6",
            "signer-user-id",
            "enabled",
            "file-names",
            "max-length",
            "requests-per-minute",
            "requests-per-day",
            "valid-from",
            "valid-until",
            "tls-certificate",
            "network",
            "boot",
            "time",
            "logging",
            "administrators",
            "type",
            "user-ids",
            "expires",
            "log-user",
            "ssh-port",
            "ssh-from",
            "open-ports",
            "firewall",
            "folder",
        ];
        // Those of a client may be kept elsewhere; a share is encrypted to those of its holder.
        let left_out =
            has_default.contains(&name) || (name, section) == ("ssh-keys", "[client.builder]");
        let at = example.find(section).expect("a section of it");
        let (before, after) = example.split_at(at);
        let in_section = |text: &str| format!("{before}{}", after.replacen(line, text, 1));
        let without = in_section("");
        assert_eq!(
            Config::parse(&without).is_ok(),
            left_out || (section, name) == ("[log]", "key"),
            "{name} in {section}"
        );
        let twice = in_section(&format!("{line}\n{line}"));
        assert!(Config::parse(&twice).is_err(), "{twice}");
    }
}
