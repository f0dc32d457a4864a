//! Signatures other than OpenPGP version 4.

use std::{fs::File, io::Write, process::Command};

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
