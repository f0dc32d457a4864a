//! The library of the maker of the YubiHSM2, at a device that our programs have set up and the other way
//! round. What our client and the device in software have in common, it has not.

use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use signstar::sign::{Certificate, PublicKey};
use yubihsm_mock::Objects;

use crate::yubihsm::{ADMINISTRATOR, AUDITOR, BUILDER, Host, SERIAL};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hsm/maker.py");

/// Python with the library, which `./test` installs.
fn python() -> Option<PathBuf> {
    let named = env::var_os("YUBIHSM_PYTHON").map(PathBuf::from);
    let found = named.filter(|path| path.is_file());
    if found.is_none() {
        let why =
            "SKIPPED: YUBIHSM_PYTHON names no Python with the package `yubihsm` (./test makes one)";
        // Nobody has to listen.
        let _ = writeln!(std::io::stderr(), "{why}");
    }
    found
}

/// Runs the script as the authentication key `number`.
#[track_caller]
fn maker(host: &Host, verb: &str, number: u16, lines: &[&str]) -> Option<Value> {
    let mut child = Command::new(python()?)
        .args([SCRIPT, verb, &host.connector(), &number.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin
        .write_all(lines.join("\n").as_bytes())
        .expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{verb}: {output:?}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn words(value: &Value) -> Vec<&str> {
    let all = value.as_array().expect("a list").iter();
    all.map(|word| word.as_str().expect("text")).collect()
}

#[test]
fn the_library_of_the_maker_finds_what_we_have_set_up() {
    let mut host = Host::begin();
    let auditor = AUDITOR.replace("HERE", &host.path("").display().to_string());
    host.configure("Curve25519", &auditor, "");
    host.ends(&["hsm", "apply"], 0);
    let passphrase = fs::read_to_string(host.path("secrets/builder")).expect("stored");
    let Some(told) = maker(&host, "use", BUILDER, &[&passphrase]) else {
        return;
    };
    let octets = fs::read(host.path("certificates/packages.pgp")).expect("kept");
    let certificate = Certificate::parse(&octets).expect("a certificate");
    let Some(PublicKey::Ed25519(public)) = certificate.public_key() else {
        panic!("an Ed25519 key");
    };
    assert_eq!(told["public"], hex::encode(public));
    for what in ["delete", "generate", "log"] {
        assert_eq!(told[what], "INSUFFICIENT_PERMISSIONS", "{what}: {told}");
    }
    assert!(
        ["INSUFFICIENT_PERMISSIONS", "OBJECT_NOT_FOUND"]
            .contains(&told["export"].as_str().expect("text")),
        "{told}"
    );

    let administration = fs::read_to_string(host.path("administration/hsm-stick")).expect("there");
    let administration: Value = serde_json::from_str(&administration).expect("JSON");
    let secret = |value: &Value| value.as_str().expect("text").to_owned();
    let administrator = secret(&administration["administrators"]["admin"]);
    let told = maker(&host, "inspect", ADMINISTRATOR, &[&administrator]).expect("it is there");
    let objects = told["objects"].as_array().expect("objects").clone();
    // The wrap key, two keys, four operators and the administrator.
    assert_eq!(objects.len(), 8, "{objects:#?}");
    let find = |of_type: &str, id: u16| {
        let mut objects = objects.iter();
        objects.find(|object| object["type"] == of_type && object["id"] == id)
    };
    assert!(find("AUTHENTICATION_KEY", 1).is_none());
    let operator = find("AUTHENTICATION_KEY", BUILDER).expect("there");
    assert_eq!(
        words(&operator["capabilities"]),
        ["EXPORTABLE_UNDER_WRAP", "SIGN_EDDSA"]
    );
    let auditor = find("AUTHENTICATION_KEY", 5).expect("there");
    assert_eq!(
        words(&auditor["capabilities"]),
        ["EXPORTABLE_UNDER_WRAP", "GET_LOG_ENTRIES"]
    );
    assert_eq!(told["forced"], "ON");
    assert!(words(&told["audited"]).contains(&"SIGN_EDDSA"));
    assert!(words(&told["logged"]).contains(&"SIGN_EDDSA"), "{told}");

    // A backup is restored with nothing of ours.
    let wrap_key = secret(&administration["backup"]);
    let backup = fs::read_to_string(host.newest_backup()).expect("text");
    host.replace(Objects::new(SERIAL));
    let lines = ["password", &wrap_key, &backup];
    let told = maker(&host, "restore", 1, &lines).expect("it is there");
    assert_eq!(told["objects"].as_array().expect("objects").len(), 6);
    let told = maker(&host, "use", BUILDER, &[&passphrase]).expect("it is there");
    assert_eq!(told["delete"], "INSUFFICIENT_PERMISSIONS");
}

#[test]
fn a_key_that_the_library_of_the_maker_made_signs_for_us() {
    let host = Host::begin();
    let told = maker(
        &host,
        "provide",
        1,
        &["password", "a passphrase of somebody"],
    );
    if told.is_none() {
        return;
    }
    let told = host.ends(&["hsm", "apply"], 0);
    assert!(!told.contains("make key `packages`"), "{told}");
    host.signs();
    host.ends(&["hsm", "plan"], 0);
    assert_eq!(host.key("packages").domains, 0b100);
}
