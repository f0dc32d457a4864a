//! What goes well: files come back with signatures that others accept.

use std::{io::Write, process::Command, thread, time::Duration};

use crate::stand_in::{Place, pretty};

fn as_is(_: &[u8], response: String) -> String {
    response + "\n"
}

#[test]
fn a_file_gets_a_signature_that_verifies() {
    let place = Place::new();
    place.write("a.iso", "content");
    place.enclave(as_is).write_certificate(&place.path("cert"));
    let sent = place.send(&["--certificate", "cert", "a.iso"]);
    assert_eq!(sent.stderr, "");
    assert_eq!(sent.stdout, "signed a.iso -> a.iso.sig\n");
    assert_eq!(sent.status, 0);
    assert_eq!(place.files(), ["a.iso", "a.iso.sig", "cert"]);

    let verified = place.run(&["verify", "--certificate", "cert", "a.iso"]);
    assert_eq!(verified.status, 0, "{verified:?}");
    assert!(verified.stdout.starts_with(
        "good signature a.iso.sig\n  by   Example Packaging <packages@example.org>\n  key  "
    ));

    place.write("a.iso", "CONTENT");
    let verified = place.run(&["verify", "--certificate", "cert", "a.iso"]);
    assert_eq!(verified.status, 5, "{verified:?}");
    assert!(verified.stderr.contains("a.iso.sig: "), "{verified:?}");
}

#[test]
fn gpg_and_sqv_accept_it() {
    let place = Place::new();
    place.write("a.iso", vec![7; 3_000_000]);
    place.enclave(as_is).write_certificate(&place.path("cert"));
    assert_eq!(place.send(&["a.iso"]).status, 0);

    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(place.path(""))
            .env("GNUPGHOME", place.path("home"))
            .output();
        match output {
            Ok(output) => Some(output),
            Err(error) => {
                let mut stderr = std::io::stderr();
                let _ = writeln!(stderr, "skipped: {program} cannot be started: {error}");
                None
            }
        }
    };
    if let Some(imported) = run("gpg", &["--batch", "--import", "cert"]) {
        assert!(imported.status.success(), "{imported:?}");
        let verified = run("gpg", &["--batch", "--verify", "a.iso.sig", "a.iso"]).expect("runs");
        assert!(verified.status.success(), "{verified:?}");
        run("gpgconf", &["--kill", "all"]);
    }
    if let Some(verified) = run("sqv", &["--keyring", "cert", "a.iso.sig", "a.iso"]) {
        assert!(verified.status.success(), "{verified:?}");
    }
}

#[test]
fn many_files_go_over_one_connection() {
    let place = Place::new();
    place.enclave(as_is).write_certificate(&place.path("cert"));
    let names: Vec<String> = (0..400).map(|n| format!("file{n}")).collect();
    for name in &names {
        place.write(name, name);
    }
    let mut arguments = vec!["--certificate", "cert"];
    arguments.extend(names.iter().map(String::as_str));
    let sent = place.send(&arguments);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    assert_eq!(sent.stdout.lines().count(), names.len());
    for name in &names {
        assert!(place.path(&format!("{name}.sig")).is_file(), "{name}");
    }
    assert_eq!(place.read("wire-connections").lines().count(), 1);
}

#[test]
fn an_empty_file_is_a_file() {
    let place = Place::new();
    place.write("empty", "");
    place.enclave(as_is).write_certificate(&place.path("cert"));
    assert_eq!(place.send(&["--certificate", "cert", "empty"]).status, 0);
    assert!(place.path("empty.sig").is_file());
}

#[test]
fn armor_goes_into_another_folder() {
    let place = Place::new();
    std::fs::create_dir(place.path("signatures")).expect("a folder");
    place.write("a", "content");
    place.enclave(as_is);
    let sent = place.send(&["--armor", "--output-dir", "signatures", "--quiet", "a"]);
    assert_eq!((sent.status, sent.stdout.as_str()), (0, ""));
    assert!(
        place
            .read("signatures/a.asc")
            .starts_with("-----BEGIN PGP SIGNATURE-----")
    );
    assert_eq!(place.files(), ["a", "signatures"]);
}

#[test]
fn without_a_certificate_it_says_so_once() {
    let place = Place::new();
    place.write("a", "1");
    place.write("b", "2");
    place.enclave(as_is);
    let sent = place.send(&["a", "b"]);
    assert_eq!(sent.status, 0);
    assert_eq!(
        sent.stderr,
        "note: signatures are not checked against a certificate; give --certificate\n"
    );
}

#[test]
fn responses_may_be_slow_and_on_many_lines_or_none() {
    let place = Place::new();
    place.write("a", "1");
    place.write("b", "2");
    let key = place.enclave(|_, response| {
        thread::sleep(Duration::from_millis(300));
        pretty(&response)
    });
    key.write_certificate(&place.path("cert"));
    let sent = place.send(&["--certificate", "cert", "a", "b"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
}

#[test]
fn ssh_is_asked_for_a_connection_and_nothing_else() {
    let place = Place::new();
    place.write("a", "1");
    place.enclave(as_is);
    let sent = place.send(&["-o", "Port=2222", "-o", "User=sign", "a"]);
    assert_eq!(sent.status, 0);
    assert_eq!(
        place.read("wire-connections"),
        "-T -a -x -o ClearAllForwardings=yes -o Port=2222 -o User=sign -- enclave\n"
    );
}

#[test]
fn settings_say_what_the_command_line_does_not() {
    let place = Place::new();
    place.write("a", "1");
    let key = place.enclave(as_is);
    let folder = place.path("home/.config/signstar");
    std::fs::create_dir_all(&folder).expect("a folder");
    key.write_certificate(&folder.join("packages.pgp"));
    let ssh = place.path("ssh");
    place.write(
        "home/.config/signstar/client.toml",
        format!(
            "destination = \"from-settings\"\ncertificate = \"packages.pgp\"\nssh = {ssh:?}\n\
             ssh-options = [\"Port=2222\"]\n"
        ),
    );
    let sent = place.run(&["send", "-o", "Port=1", "a"]);
    assert_eq!((sent.status, sent.stderr.as_str()), (0, ""));
    assert_eq!(
        place.read("wire-connections"),
        "-T -a -x -o ClearAllForwardings=yes -o Port=1 -o Port=2222 -- from-settings\n"
    );
    assert_eq!(place.run(&["verify", "a"]).status, 0);
}

#[test]
fn the_environment_names_a_destination() {
    let place = Place::new();
    place.write("a", "1");
    place.enclave(as_is);
    let sent = place
        .command(&["send", "--ssh", "./ssh", "a"])
        .env("SIGNSTAR_DESTINATION", "from-environment")
        .output()
        .expect("it runs");
    assert!(sent.status.success(), "{sent:?}");
    assert!(
        place
            .read("wire-connections")
            .ends_with("-- from-environment\n")
    );
}

#[test]
fn requests_can_be_prepared_here_and_sent_from_there() {
    let place = Place::new();
    place.write("a", "1");
    place.write("b", "2");
    let key = place.enclave(|_, response| pretty(&response));
    let requests = place.run(&["prepare", "a"]).stdout + &place.run(&["prepare", "b"]).stdout;
    assert_eq!(requests.lines().count(), 2);
    assert!(requests.lines().all(|line| line.len() < 1024));
    place.write("requests", &requests);

    let sent = place
        .command(&["send", "--to", "enclave", "--ssh", "./ssh", "-"])
        .stdin(std::fs::File::open(place.path("requests")).expect("opened"))
        .output()
        .expect("it runs");
    assert!(sent.status.success(), "{sent:?}");
    let responses = String::from_utf8(sent.stdout).expect("UTF-8");
    assert_eq!(responses.lines().count(), 2);

    for (name, line) in ["a", "b"].into_iter().zip(responses.lines()) {
        let response: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let armored = response["signature"].as_str().expect("a signature");
        place.write(&format!("{name}.asc"), armored);
    }
    key.write_certificate(&place.path("cert"));
    let verified = place.run(&["verify", "--certificate", "cert", "a", "b"]);
    assert_eq!(verified.status, 0, "{verified:?}");
}

#[test]
fn prepare_hashes_standard_input() {
    let place = Place::new();
    place.write("a", "content");
    let output = place
        .command(&["prepare", "-"])
        .stdin(std::fs::File::open(place.path("a")).expect("opened"))
        .output()
        .expect("it runs");
    let content = |line: &[u8]| {
        let request: serde_json::Value = serde_json::from_slice(line).expect("JSON");
        request["required"].clone()
    };
    let named = place.run(&["prepare", "a"]).stdout;
    assert_eq!(content(&output.stdout), content(named.as_bytes()));
}
