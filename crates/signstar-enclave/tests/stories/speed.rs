//! The harness that says how fast an enclave is. Here it has to be right, not fast.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::story::{Outcome, a_folder, tell};

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

#[test]
fn a_harness_that_is_ended_ends_all_that_it_has_started() {
    let harnesses: [(&str, &str, &[&str]); 2] = [
        (env!("CARGO_BIN_EXE_signstar-bench"), "--dir", &[]),
        (
            env!("CARGO_BIN_EXE_signstar-faults"),
            "--dir",
            &["--seed", "1"],
        ),
    ];
    for (program, option, more) in harnesses {
        let folder = a_folder();
        let mut harness = Command::new(program)
            .arg(option)
            .arg(folder.path())
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // That of the bench is in a folder of its own.
        let end = Instant::now() + Duration::from_secs(60);
        let home = loop {
            let below = fs::read_dir(folder.path()).expect("a folder").flatten();
            let below = below.map(|entry| entry.path().join("enclave"));
            let all = below.chain([folder.path().to_owned()]);
            if let Some(home) = { all }.find(|home| home.join("enclave.json").exists()) {
                break home;
            }
            assert!(Instant::now() < end, "{program} starts no enclave");
            sleep(Duration::from_millis(20));
        };
        let running = || {
            let of = |name, path: &str| signstar_enclave::processes(name, &home.join(path)).len();
            [
                of("softnethsm", "hsm"),
                of("signstar-log", "log"),
                of("sshd", "ssh/sshd_config"),
                of("signstar-sign", "signstar.toml"),
            ]
        };
        assert!(running()[..3].iter().all(|count| *count > 0), "{program}");
        let id = i32::try_from(harness.id()).expect("a number of a process");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("it runs");
        let status = harness.wait().expect("own child");
        assert_eq!(status.code(), Some(128 + 15), "{program}: {status}");
        assert_eq!(running(), [0; 4], "{program}");
    }
}
