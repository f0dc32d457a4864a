//! New administrative credentials, by the program itself.

use std::{fs, process::Stdio, thread::sleep, time::Duration};

use crate::Host;

#[test]
fn nothing_that_was_known_before_is_of_any_use() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    let old = host.secrets();
    let mut all = host.ends(&["rotate", "--administrators"], 0);
    all += &host.ends(&["hsm", "plan"], 0);
    host.signs();
    // The newest backup was made after that.
    let proved = host.ends(&["backup", "verify"], 0);
    assert!(proved.contains("1 keys sign"), "{proved}");

    let new = host.secrets();
    // The last two are those of a client and of backups, which have a change of their own.
    let administrative = old.len() - 2;
    assert!(old[..administrative].iter().all(|one| !new.contains(one)));
    assert_eq!(old[administrative..], new[administrative..]);
    let journal = fs::read_to_string(host.path("journal")).expect("lines");
    for change in [
        "set the passphrase that unlocks it",
        "give administrator `second` its new passphrase",
        "drop the old administrative credentials",
    ] {
        assert!(journal.contains(change) && all.contains(change), "{change}");
    }
    for secret in old.iter().chain(&new) {
        assert!(!all.contains(secret) && !journal.contains(secret));
    }
    // A word that does not go with it.
    host.ends(&["rotate", "--administrators", "--user", "builder"], 2);
}

#[test]
fn killed_at_any_moment_it_is_gone_on_with() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    let mut halves = 0;
    let mut ended = 0;
    let mut pause = Duration::from_millis(200);
    while ended == 0 {
        let mut child = host
            .command(&["rotate", "--administrators"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        sleep(pause);
        ended += usize::from(child.try_wait().expect("a status").is_some());
        let _ = child.kill();
        child.wait().expect("ended");
        host.signs();
        if host.path("administration/hsm-main.new").exists() {
            halves += 1;
            let told = host.ends(&["hsm", "plan"], 10);
            assert!(told.contains("has not ended"), "{told}");
            let completing: &[&str] = match halves % 2 {
                0 => &["hsm", "apply"],
                _ => &["rotate", "--administrators"],
            };
            host.ends(completing, 0);
        }
        assert!(!host.path("administration/hsm-main.new").exists());
        host.ends(&["hsm", "plan"], 0);
        pause = pause * 5 / 2;
    }
    assert!(halves > 1, "only {halves} were interrupted");
    host.ends(&["backup", "verify"], 0);
}
