//! The harness that says how fast an enclave is. Here it has to be right, not fast.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::story::{Outcome, tell};

#[test]
fn every_figure_is_of_answers_that_verify() {
    let folder = tempfile::tempdir().expect("a folder");
    let (json, document) = (folder.path().join("json"), folder.path().join("document"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::copy(root.join("docs/performance.md"), &document).expect("the document");
    let mut command = Command::new(env!("CARGO_BIN_EXE_signstar-bench"));
    command.arg("--quick").arg("--json").arg(&json);
    command.arg("--document").arg(&document);
    let outcome = Outcome::of(&mut command);
    tell(&outcome.stdout);
    outcome.expect(0);

    let report: Value = serde_json::from_slice(&fs::read(json).expect("figures")).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    let list = Outcome::of(Command::new(env!("CARGO_BIN_EXE_signstar-bench")).arg("--list"));
    for name in list.stdout.lines() {
        assert!(rows.iter().any(|row| row["group"] == name), "{name}");
    }
    // A part of something cannot take longer than all of it, however busy the machine is.
    let figure = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name);
        row.and_then(|row| row["figure"].as_f64())
            .expect("a figure")
    };
    for row in rows {
        let sized = row["figure"].as_f64().is_some_and(|figure| figure > 0.0);
        assert!(sized || row["unit"] == "s" || row["unit"] == "1/s", "{row}");
        assert!(
            row["is_met"].is_null(),
            "small counts are not judged: {row}"
        );
    }
    let first = "signstar-sign, start to first answer";
    let beyond = figure(&format!("{first}, beyond the HSM"));
    assert!(beyond < figure(&format!("{first}, HSM included")));
    // The tables are those of this run.
    let document = fs::read_to_string(document).expect("the document");
    let date = report["machine"]["date"].as_str().expect("a date");
    assert!(document.contains(&format!("{date} UTC")), "{document}");
    assert!(
        document.contains("| 4 idle sessions of signstar-sign"),
        "{document}"
    );
}
