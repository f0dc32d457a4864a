//! Command lines of `gpg`, given to what stands in its place.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
};

use signstar_enclave::KeyType;

use super::{Desk, expect_clear_text};
use crate::story::{GnuPg, Outcome, Story, is_installed, other_verdicts, signature};

/// What verifies a text that stays readable, beside `gpg`.
fn clear_verdicts(desk: &Desk, path: &std::path::Path) -> Vec<(&'static str, Outcome)> {
    let certificate = desk.story.certificate(super::CLIENT);
    let mut verdicts = Vec::new();
    if is_installed("gpgv") {
        let mut gpgv = Command::new("gpgv");
        verdicts.push((
            "gpgv",
            Outcome::of(gpgv.arg("--keyring").arg(&certificate).arg(path)),
        ));
    }
    if is_installed("rnp") && is_installed("rnpkeys") {
        let home = tempfile::tempdir_in("/tmp").expect("a folder");
        let mut import = Command::new("rnpkeys");
        import.arg("--homedir").arg(home.path());
        Outcome::of(import.arg("--import").arg(certificate)).expect(0);
        let mut rnp = Command::new("rnp");
        rnp.arg("--homedir").arg(home.path());
        verdicts.push(("rnp", Outcome::of(rnp.arg("--verify").arg(path))));
    }
    verdicts
}

#[test]
fn a_detached_signature_is_made_by_the_enclave() {
    let desk = Desk::ready();
    let file = desk.story.file("image.iso", "an image");
    let outcome = desk.gpg(&["--status-fd", "1", "-b", "-u", &desk.key, "image.iso"]);
    outcome.expect(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{outcome:#?}");
    assert_eq!(lines[0], format!("[GNUPG:] KEY_CONSIDERED {} 2", desk.key));
    assert_eq!(lines[1], "[GNUPG:] BEGIN_SIGNING H10");
    assert!(
        lines[2].starts_with("[GNUPG:] SIG_CREATED D 22 10 00 "),
        "{outcome:#?}"
    );
    assert!(
        lines[2].ends_with(&format!(" {}", desk.key)),
        "{outcome:#?}"
    );
    assert_eq!(desk.gpg.verify(&file).expect("good"), desk.key);
    for (name, verdict) in other_verdicts(&file, &desk.story.certificate(super::CLIENT)) {
        assert_eq!(verdict.code, Some(0), "{name}: {verdict:#?}");
    }
    assert!(desk.was_signed("image.iso"));
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_key_is_known_by_all_its_names() {
    let desk = Desk::ready();
    desk.story.file("a", "a file");
    let address = desk
        .user_id
        .rsplit_once('<')
        .map_or(&*desk.user_id, |(_, rest)| rest.trim_end_matches('>'));
    for name in [&*desk.key, &desk.key[24..], &desk.user_id, address] {
        desk.gpg(&["--yes", "-b", "-u", name, "a"]).expect(0);
    }
    desk.gpg(&["--yes", "--default-key", &desk.key, "-b", "a"])
        .expect(0);
    desk.gpg(&["--yes", "--detach-sig", "a"]).expect(0);
    assert_eq!(desk.story.journal().len(), 6);
}

#[test]
fn each_key_is_asked_for_where_it_is() {
    let clients = [
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Rsa2048),
    ];
    let desk = Desk::of(Story::with_clients(&clients));
    let file = desk.story.file("a", "a file");
    let both = ["client1", "client2"].map(|client| desk.story.certificate(client));
    let gpg = GnuPg::knowing(&both);
    let settings = desk.story.path().join(".config/signstar/client.toml");
    let ssh = desk.story.home().join("ssh/connect");
    let enclave = |(client, certificate): (&str, &PathBuf)| {
        format!(
            "[enclave.{client}]\ndestination = {client:?}\n\
             certificates = [{certificate:?}]\nssh = {ssh:?}\n"
        )
    };
    let text: String = ["client1", "client2"]
        .into_iter()
        .zip(&both)
        .map(enclave)
        .collect();
    fs::write(&settings, &text).expect("written");

    // Nobody is named, and none is the default.
    let undecided = desk.gpg(&["-b", "a"]);
    undecided.expect_failure();
    undecided.expect_complaint("hint: ");
    assert!(!signature(&file).exists());

    desk.gpg(&["-b", "-u", &desk.key, "a"]).expect(0);
    assert_eq!(gpg.verify(&file).expect("good"), desk.key);
    fs::write(&settings, format!("default = \"client2\"\n{text}")).expect("written");
    desk.gpg(&["--yes", "-b", "a"]).expect(0);
    assert_ne!(gpg.verify(&file).expect("good"), desk.key);
    assert_eq!(
        desk.gpg(&["-K", "--with-colons"])
            .stdout
            .matches("sec:u:")
            .count(),
        2
    );
}

#[test]
fn a_stream_is_signed_into_a_stream() {
    let desk = Desk::ready();
    let file = desk.story.file("a", "a stream");
    let outcome = Outcome::with_input(desk.run("gpg").args(["-bsao-", "-"]), "a stream");
    outcome.expect(0);
    assert!(
        outcome
            .stdout
            .starts_with("-----BEGIN PGP SIGNATURE-----\n")
    );
    let armored = desk.story.file("a.asc", outcome.stdout);
    assert_eq!(desk.gpg.verify_as(&file, &armored).expect("good"), desk.key);
}

#[test]
fn a_text_stays_readable() {
    let desk = Desk::ready();
    let text = "Origin: Example  \n- a dash\nFrom here\t\n\nGröße\r\nno end";
    let file = desk.story.file("Release", text);
    desk.gpg(&["--clearsign", "-o", "InRelease", "Release"])
        .expect(0);
    let signed = file.with_file_name("InRelease");
    expect_clear_text(&desk, &signed);
    for (name, verdict) in clear_verdicts(&desk, &signed) {
        assert_eq!(verdict.code, Some(0), "{name}: {verdict:#?}");
    }
    let message = fs::read_to_string(&signed).expect("text");
    assert!(
        message.contains("\n- - a dash\n- From here\t\n\nGröße\n"),
        "{message}"
    );

    fs::write(&signed, message.replace("Example", "Elsewhere")).expect("written");
    Outcome::of(desk.gpg.command().arg("--verify").arg(&signed)).expect(1);
    let piped = Outcome::with_input(desk.run("gpg").arg("--clear-sign"), text);
    piped.expect(0);
    expect_clear_text(&desk, &desk.story.file("piped", piped.stdout));
}

#[test]
fn without_a_signature_nothing_ends_well() {
    let desk = Desk::ready();
    let file = desk.story.file("a", "a file");
    let is_unsigned = |outcome: &Outcome, code: i32, complaint: &str| {
        outcome.expect(code);
        outcome.expect_complaint(complaint);
        outcome.expect_complaint("hint: ");
        assert!(!signature(&file).exists() && !file.with_file_name("a.asc").exists());
        assert!(!outcome.stdout.contains("SIG_CREATED"), "{outcome:#?}");
    };
    // What an enclave cannot do is not done by halves.
    let key = &*desk.key;
    is_unsigned(
        &desk.gpg(&["-u", key, "-b", "-N", "a@b=c", "a"]),
        2,
        "--set-notation",
    );
    is_unsigned(
        &desk.gpg(&["-u", key, "-b", "--signstar", "a"]),
        2,
        "--signstar",
    );
    is_unsigned(
        &desk.gpg(&["-u", key, "-b", "-u", "other@example.org", "a"]),
        2,
        "several",
    );
    is_unsigned(&desk.gpg(&["-u", key, "-s", "a"]), 2, "--detach-sign");
    is_unsigned(
        &desk.gpg(&["-u", key, "-b", "a", "b"]),
        2,
        "more than one file",
    );
    is_unsigned(&desk.gpg(&["-b", "nowhere"]), 1, "nowhere");
    let stray = Outcome::with_input(desk.run("gpg").arg("--clearsign"), "a\rb");
    is_unsigned(&stray, 2, "carriage return");
    assert_eq!(desk.story.journal().len(), 0);

    desk.refuse_everything();
    is_unsigned(
        &desk.gpg(&["--status-fd", "1", "-b", "a"]),
        3,
        "refused by the enclave",
    );
    is_unsigned(&desk.gpg(&["--clearsign", "a"]), 3, "not-permitted");

    let away = desk.story.file("ssh", "#!/bin/sh\nexit 255\n");
    fs::set_permissions(&away, Permissions::from_mode(0o755)).expect("set");
    desk.settings(&away);
    let away = desk.gpg(&["--status-fd", "1", "-b", "a"]);
    is_unsigned(&away, 4, "cannot be reached");
    assert!(
        away.stdout.ends_with("[GNUPG:] FAILURE sign 1\n"),
        "{away:#?}"
    );
}

#[test]
fn status_lines_go_to_any_descriptor() {
    let desk = Desk::ready();
    desk.story.file("a", "a file");
    let script = "echo before >&3; gpg --status-fd 3 --digest-algo SHA256 -b a; echo after >&3";
    let mut shell = desk.run("sh");
    let outcome = Outcome::of(shell.args(["-c", &format!("exec 3>>status; {script}")]));
    outcome.expect(0);
    outcome.expect_complaint("note: the signature has SHA-512 and not SHA256");
    let status = fs::read_to_string(desk.story.files().join("status")).expect("text");
    let lines: Vec<&str> = status.lines().collect();
    assert_eq!(lines.len(), 5, "{status}");
    assert!(lines[3].starts_with("[GNUPG:] SIG_CREATED D "), "{status}");
    let secret = desk
        .run("gpg")
        .args(["-b", "--passphrase-fd", "0"])
        .output();
    assert_eq!(secret.expect("it runs").status.code(), Some(2));
}

#[test]
fn a_signature_that_is_there_stays() {
    let desk = Desk::ready();
    let file = desk.story.file("a", "a file");
    desk.story.file("a.sig", "precious");
    let outcome = desk.gpg(&["-b", "a"]);
    outcome.expect(1);
    outcome.expect_complaint("a.sig is there already");
    assert_eq!(
        fs::read_to_string(signature(&file)).expect("there"),
        "precious"
    );
    desk.gpg(&["--yes", "-b", "a"]).expect(0);
    desk.gpg.verify(&file).expect("good");
}

#[test]
fn the_keys_of_the_enclave_are_listed_as_secret() {
    let desk = Desk::ready();
    let one = desk.gpg(&["--list-secret-key", &desk.key]);
    one.expect(0);
    assert!(one.stdout.contains(&desk.key) && one.stdout.contains(&desk.user_id));
    let colons = desk.gpg(&["--with-colons", "-K"]);
    colons.expect(0);
    let line = |kind: &str| colons.stdout.lines().find(|line| line.starts_with(kind));
    let sec: Vec<&str> = line("sec:").expect("a key").split(':').collect();
    assert_eq!((sec[2], sec[3], sec[4]), ("255", "22", &desk.key[24..]));
    assert_eq!(sec[14], "+");
    assert!(line("fpr:").expect("one").contains(&desk.key));
    // What the enclave does not hold is asked of the real one.
    let other = desk.gpg(&["--list-secret-key", "other@example.org"]);
    other.expect(2);
    other.expect_complaint("gpg: ");
}
