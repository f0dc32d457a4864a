//! Signatures other than OpenPGP version 4.

use std::{
    fs::File,
    io::Write,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::stand_in::Place;

fn as_is(_: &[u8], response: String) -> String {
    response + "\n"
}

/// What `program` says, if it is there.
fn run(place: &Place, program: &str, arguments: &[&str], input: &str) -> Option<bool> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(place.path(""))
        .stdin(File::open(place.path(input)).expect("opened"))
        .output();
    match status {
        Ok(output) => Some(output.status.success()),
        Err(error) => {
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "skipped: {program} cannot be started: {error}");
            None
        }
    }
}

#[test]
fn an_ssh_signature_satisfies_ssh_keygen() {
    let place = Place::new();
    place.write("a.iso", "content");
    let key = place.enclave(as_is);
    place.write("key.pub", key.to_openssh());
    let sent = place.send(&[
        "--output-type",
        "SSHSIG",
        "--certificate",
        "key.pub",
        "a.iso",
    ]);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    assert_eq!(sent.stdout, "signed a.iso -> a.iso.sshsig\n");

    place.write(
        "signers",
        format!("packages@example.org {}\n", key.to_openssh()),
    );
    let arguments = [
        "-Y",
        "verify",
        "-f",
        "signers",
        "-I",
        "packages@example.org",
        "-n",
        "packages@example.org",
        "-s",
        "a.iso.sshsig",
    ];
    assert_ne!(run(&place, "ssh-keygen", &arguments, "a.iso"), Some(false));
    assert_eq!(
        place
            .run(&["verify", "--certificate", "key.pub", "a.iso"])
            .status,
        0
    );

    // The primary key of the certificate is the same.
    key.write_certificate(&place.path("cert"));
    let verified = place.run(&["verify", "--certificate", "cert", "a.iso"]);
    assert_eq!(verified.status, 0, "{verified:?}");
    assert!(verified.stdout.contains("  kind SSH\n"), "{verified:?}");

    place.write("a.iso", "CONTENT");
    let verified = place.run(&["verify", "--certificate", "key.pub", "a.iso"]);
    assert_eq!(verified.status, 5, "{verified:?}");
}

#[test]
fn an_ssh_signature_for_something_else_does_not_count() {
    let place = Place::new();
    place.write("a.iso", "content");
    let key = place.enclave(as_is);
    let folder = place.path("home/.config/signstar");
    std::fs::create_dir_all(&folder).expect("a folder");
    key.write_certificate(&folder.join("packages.pgp"));
    place.write(
        "home/.config/signstar/client.toml",
        "[enclave.packages]\ncertificates = [\"packages.pgp\"]\noutput = \"SSHSIG\"\n\
         ssh-namespace = \"git\"\n",
    );
    let sent = place.send(&["a.iso"]);
    assert_eq!(sent.status, 5, "{sent:?}");
    assert!(
        sent.stderr.contains("made for another namespace"),
        "{sent:?}"
    );
    assert!(!place.path("a.iso.sshsig").exists());
}

#[test]
fn a_raw_signature_is_bare_and_verifies() {
    let place = Place::new();
    place.write("a.iso", "content");
    let key = place.enclave(as_is);
    place.write("key.pub", key.to_openssh());
    let sent = place.send(&["--output-type", "raw", "--certificate", "key.pub", "a.iso"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    let signature = std::fs::read(place.path("a.iso.rawsig")).expect("there");
    assert_eq!(signature.len(), 64);
    let verified = place.run(&["verify", "--certificate", "key.pub", "a.iso"]);
    assert_eq!(verified.status, 0, "{verified:?}");
    place.write("a.iso", "CONTENT");
    let verified = place.run(&["verify", "--certificate", "key.pub", "a.iso"]);
    assert_eq!(verified.status, 5, "{verified:?}");
}

#[test]
fn version_6_begins_with_a_salt_of_the_enclave() {
    let place = Place::new();
    let names: Vec<String> = (0..150).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    let key = place.enclave(as_is);
    key.write_certificate_v6(&place.path("cert"));
    let mut arguments = vec![
        "--output-type",
        "OpenPGPv6",
        "--certificate",
        "cert",
        "missing",
    ];
    arguments.extend(names.iter().map(String::as_str));
    let sent = place.send(&arguments);
    assert_eq!(sent.status, 1, "{sent:?}");
    assert!(
        sent.stderr
            .ends_with("error: 1 of 151 files are not signed:\n  missing\n")
    );
    assert_eq!(place.read("wire-connections").lines().count(), 1);
    let mut verify = vec!["verify", "--certificate", "cert"];
    verify.extend(names.iter().map(String::as_str));
    let verified = place.run(&verify);
    assert_eq!(verified.status, 0, "{verified:?}");
    assert!(verified.stdout.contains("  kind OpenPGP, version 6\n"));

    arguments.retain(|argument| *argument != "missing");
    arguments.push("--skip-existing");
    let sent = place.send(&arguments);
    assert_eq!(sent.status, 0, "{sent:?}");
    assert_eq!(sent.stdout.matches("kept ").count(), 150);
    assert_eq!(place.read("wire-connections").lines().count(), 1);
}

#[test]
fn a_salt_dies_with_its_connection_and_the_file_gets_another() {
    let place = Place::new();
    let names: Vec<String> = (0..100).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    let count = AtomicUsize::new(0);
    let key = place.fickle_enclave(move |_, response| {
        let is_cut = count.fetch_add(1, Ordering::Relaxed) % 90 == 89;
        (!is_cut).then_some(response)
    });
    key.write_certificate_v6(&place.path("cert"));
    let mut arguments = vec!["--patience", "20", "--output-type", "OpenPGPv6"];
    arguments.extend(["--certificate", "cert"]);
    arguments.extend(names.iter().map(String::as_str));
    let sent = place.send(&arguments);
    assert_eq!(sent.status, 0, "{sent:?}");
    assert!(
        names
            .iter()
            .all(|name| place.path(&format!("{name}.sig")).is_file())
    );
}
