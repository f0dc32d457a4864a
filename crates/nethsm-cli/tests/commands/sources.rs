//! Where profiles take passphrases from. (Files are in every other test.)

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use crate::device::{NETHSM, Place, Start};

impl Place {
    /// The passphrase of `packager` comes from there.
    fn take_from(&self, source: &str) {
        let path = self.config.join("nethsm/config.toml");
        let usual = r#"{ file = "packager.passphrase" }"#;
        let text = fs::read_to_string(&path).expect("there");
        assert!(text.contains(usual));
        fs::write(&path, text.replace(usual, source)).expect("written");
    }

    /// What `packager` sees of keys.
    fn keys_with(&self, source: &str) -> Output {
        self.take_from(source);
        let path = std::env::var("PATH").expect("there is one");
        Command::new(NETHSM)
            .args(["--user", "packager", "key", "list"])
            .env("PATH", format!("{}:{path}", self.files.display()))
            .env("XDG_CONFIG_HOME", &self.config)
            .stdin(Stdio::null())
            .output()
            .expect("started")
    }

    /// A program of this name, found before all others.
    fn program(&self, name: &str, script: &str) {
        let path = self.files.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("own file");
    }
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn the_keyring_is_asked_for_the_user_at_the_address() {
    let Some(place) = Place::start("keyring", Start::Ready) else {
        return;
    };
    // Knows what `nethsm --help` says to store, and nothing else.
    let known = format!(
        "lookup service nethsm url {}/api/v1 user packager",
        place.url()
    );
    place.program(
        "secret-tool",
        &format!("[ \"$*\" = \"{known}\" ] && printf %s 'passphrase of packager'"),
    );
    let done = place.keys_with("\"keyring\"");
    assert!(done.status.success(), "{}", said(&done));
}

#[test]
fn a_keyring_that_knows_nothing_is_told_as_such() {
    let Some(place) = Place::start("keyring", Start::Ready) else {
        return;
    };
    place.program("secret-tool", "exit 1");
    let done = place.keys_with("\"keyring\"");
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("secret-tool"), "{}", said(&done));
}

#[test]
fn a_command_tells_the_passphrase() {
    let Some(place) = Place::start("command", Start::Ready) else {
        return;
    };
    place.program(
        "pass",
        "[ \"$*\" = 'show hsm' ] && echo 'passphrase of packager'",
    );
    let done = place.keys_with(r#"{ command = ["pass", "show", "hsm"] }"#);
    assert!(done.status.success(), "{}", said(&done));
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let Some(place) = Place::start("prompt", Start::Ready) else {
        return;
    };
    let mut command = Command::new("setsid");
    if command.arg("--version").output().is_err() {
        return;
    }
    place.take_from("\"prompt\"");
    let done = Command::new("setsid")
        .args(["--wait", NETHSM, "--user", "packager", "key", "list"])
        .env("XDG_CONFIG_HOME", &place.config)
        .stdin(Stdio::null())
        .output()
        .expect("started");
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("passphrase-file"), "{}", said(&done));
}

#[test]
fn nobody_is_asked_where_anybody_may() {
    let Some(place) = Place::start("prompt", Start::Fresh) else {
        return;
    };
    place.program("pass", "echo asked >&2; exit 1");
    let path = place.config.join("nethsm/config.toml");
    let usual = r#"{ file = "admin.passphrase" }"#;
    let text = fs::read_to_string(&path).expect("there");
    let pass = format!("{{ command = [\"{}/pass\"] }}", place.files.display());
    fs::write(&path, text.replace(usual, &pass)).expect("written");
    // Anybody may, as long as the device is not operational; then administrators only.
    place.nethsm("health diagnose");
    place.nethsm("provision --unlock-passphrase-file unlock.passphrase --admin-passphrase-file admin.passphrase");
    let done = place.run(NETHSM, "health diagnose");
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).starts_with("asked"), "{}", said(&done));
}
