//! What happens at a terminal, made by `script` of util-linux.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::device::{NETHSM, Place, Start};

fn place() -> Option<Place> {
    if Command::new("script").arg("--version").output().is_err() {
        // A test has no other way to say this.
        #[expect(clippy::print_stderr, reason = "the reason why nothing was tested")]
        {
            eprintln!("skipped: there is no script(1)");
        }
        return None;
    }
    Place::start("terminal", Start::Ready)
}

impl Place {
    /// What stands on the terminal when somebody types these lines.
    fn typed(&self, arguments: &str, lines: &str) -> String {
        let mut child = Command::new("script")
            .args(["-qec", &format!("{NETHSM} {arguments}"), "/dev/null"])
            .current_dir(&self.files)
            .env("XDG_CONFIG_HOME", &self.config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut keyboard = child.stdin.take().expect("piped");
        keyboard.write_all(lines.as_bytes()).expect("typed");
        let done = child.wait_with_output().expect("ended");
        drop(keyboard);
        String::from_utf8(done.stdout).expect("text")
    }
}

#[test]
fn a_new_passphrase_is_typed_twice() {
    let Some(place) = place() else {
        return;
    };
    let add = "user add builder --role Operator";
    let shown = place.typed(add, "correct horse\ncorrect house\n");
    assert!(shown.contains("error: the two differ"), "{shown}");
    let shown = place.typed(add, "correct horse\ncorrect horse\n");
    assert!(shown.contains("user added: builder"), "{shown}");
}

#[test]
fn what_destroys_asks_first() {
    let Some(place) = place() else {
        return;
    };
    place.nethsm("key generate packages --type Curve25519");
    let shown = place.typed("key remove packages", "n\n");
    assert!(shown.contains("delete the key packages? [y/N]"), "{shown}");
    assert!(shown.contains("error: not done"), "{shown}");
    let shown = place.typed("key remove packages", "y\n");
    assert!(shown.contains("key removed: packages"), "{shown}");
}

#[test]
fn a_private_key_is_not_shown_on_a_terminal_without_being_asked() {
    let Some(place) = place() else {
        return;
    };
    place.nethsm("config passphrases backup --first --new-passphrase-file backup.passphrase");
    place.nethsm("key import packages --raw seed --type Curve25519");
    place.nethsm("backup create nethsm.backup");
    let export = "backup export nethsm.backup packages --backup-passphrase-file backup.passphrase --unlock-passphrase-file unlock.passphrase --out -";
    let shown = place.typed(export, "");
    assert!(shown.contains("error: a private key is not"), "{shown}");
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    let shown = place.typed(&format!("{export} --to-terminal"), "");
    assert!(shown.contains("BEGIN PRIVATE KEY"), "{shown}");
}
