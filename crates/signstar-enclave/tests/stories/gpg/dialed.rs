//! How connections are made when `gpg` is called.

use std::{fs, os::unix::fs::PermissionsExt};

use super::Desk;
use crate::story::{Outcome, program};

const DIALED: &str = "Executing proxy dialer command: ";

impl Desk {
    /// Has `ssh` itself, called so, tell what it does.
    fn tell_of_connections(&self, more: &str) {
        let folder = self.story.path().join("openssh");
        fs::create_dir_all(&folder).expect("a folder");
        let ssh = folder.join("ssh");
        let config = self.story.home().join("ssh/config");
        let script = format!("#!/bin/sh\nexec /usr/bin/env ssh -F {config:?} \"$@\"\n");
        fs::write(&ssh, script).expect("written");
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).expect("executable");
        self.settings(&ssh);
        let settings = self.story.path().join(".config/signstar/client.toml");
        let text = fs::read_to_string(&settings).expect("readable");
        let text = format!("{text}ssh-options = [\"LogLevel=DEBUG1\"{more}]\n");
        fs::write(settings, text).expect("written");
    }
}

#[test]
fn openssh_takes_the_connection_that_is_made_here() {
    let desk = Desk::ready();
    let file = desk.story.file("file", "content");
    let sign = || desk.gpg(&["--yes", "-b", "file"]);
    desk.tell_of_connections("");
    let outcome = sign();
    outcome.expect(0);
    outcome.expect_complaint(DIALED);
    desk.gpg.verify(&file).expect("gpg accepts");

    // A user who wants it otherwise has it so.
    desk.tell_of_connections(", \"ProxyCommand=none\"");
    let outcome = sign();
    outcome.expect(0);
    assert!(!outcome.stderr.contains(DIALED), "{outcome:#?}");
    desk.tell_of_connections(", \"Port=1\"");
    let outcome = sign();
    outcome.expect(4);
    outcome.expect_complaint("Connection refused");
}

#[test]
fn both_programs_can_be_asked_by_ssh() {
    let desk = Desk::ready();
    for name in ["signstar-gpg", "signstar-repo-add"] {
        let ours = program(name);
        let connect = |words: &[&str]| {
            let mut command = desk.run(&ours);
            Outcome::of(command.arg("--signstar-connect").args(words))
        };
        // There is nobody at the other end of this output.
        let outcome = connect(&["--", "127.0.0.1", "1"]);
        outcome.expect(4);
        outcome.expect_complaint("cannot connect to 127.0.0.1 port 1");
        connect(&["--", "127.0.0.1"]).expect(2);
    }
}
