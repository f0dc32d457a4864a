//! Commands whose connection breaks at any call: run again, they complete.

use std::{env, fs, path::Path, process::Stdio, thread::sleep, time::Duration};

use softnethsm::Lost;

use crate::Host;

/// From one call at which it breaks to the next: 1 with `EVERY_CALL` set, which takes minutes.
fn stride(usual: usize) -> usize {
    match env::var_os("EVERY_CALL") {
        Some(_) => 1,
        None => usual,
    }
}

/// What a program leaves behind that had no time to clean up.
fn leftovers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(leftovers(&path));
        } else if name.starts_with(".") || name.ends_with(".new") {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Runs `words` with the connection broken at each call in turn, then again without that.
fn at_any_call(host: &Host, words: &[&str], usual: usize) {
    let mut cuts = 0;
    for call in (1..).step_by(stride(usual)) {
        // One after the other.
        let lost = match cuts % 2 {
            0 => Lost::Question,
            _ => Lost::Answer,
        };
        host.cuts[0].at(call, lost);
        let output = host.run(words);
        if !host.cuts[0].mend() {
            assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
            break;
        }
        cuts += 1;
        let told = format!("{words:?} at call {call}, {lost:?} lost: {output:?}");
        assert_eq!(output.status.code(), Some(21), "{told}");
        host.signs();
        host.ends(words, 0);
        host.signs();
        assert_eq!(leftovers(&host.folder), Vec::<String>::new(), "{told}");
    }
    assert!(cuts > 1, "{words:?} makes more calls");
    host.ends(&["hsm", "plan"], 0);
}

#[test]
fn a_backup_is_whole_or_not_there() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    at_any_call(&host, &["backup"], 1);
    let folder = host.path("state/keeper/backups/main");
    let backups = fs::read_dir(&folder).expect("there").flatten();
    for backup in backups.map(|entry| entry.path()) {
        let path = backup.to_str().expect("text");
        host.ends(&["backup", "verify", path], 0);
    }

    // Killed, it leaves half of one, which the next removes.
    let mut ended = false;
    for pause in (0..).map(|step| Duration::from_millis(10 * step)) {
        let mut child = host
            .command(&["backup"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        sleep(pause);
        ended = child.try_wait().expect("a status").is_some();
        let _ = child.kill();
        child.wait().expect("ended");
        if ended {
            break;
        }
    }
    assert!(ended);
    host.ends(&["backup"], 0);
    assert_eq!(leftovers(&host.folder), Vec::<String>::new());
    host.ends(&["backup", "verify"], 0);
}

#[test]
fn a_rotation_is_gone_on_with() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    at_any_call(&host, &["rotate"], 3);
}

#[test]
fn a_rotation_of_administrators_is_gone_on_with() {
    let host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    at_any_call(&host, &["rotate", "--administrators"], 7);
}

#[test]
fn a_fresh_device_is_set_up_in_the_end() {
    let mut host = Host::new(0);
    for call in (1..).step_by(stride(17)) {
        host.devices.clear();
        host.cuts.clear();
        host.add_device(&format!("fresh{call}"));
        host.configure("tls = \"pin:PIN\"", "");
        for name in ["administration", "secrets", "certificates"] {
            let _ = fs::remove_dir_all(host.path(name));
        }
        host.cuts[0].at(call, Lost::Answer);
        let output = host.run(&["hsm", "apply"]);
        if !host.cuts[0].mend() {
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(call > 30, "only {call} calls");
            break;
        }
        assert_eq!(output.status.code(), Some(21), "call {call}: {output:?}");
        host.ends(&["hsm", "apply"], 0);
        host.ends(&["hsm", "plan"], 0);
        host.signs();
    }
}

#[test]
fn a_restore_is_gone_on_with() {
    let mut host = Host::new(1);
    host.configure("tls = \"pin:PIN\"", "");
    host.ends(&["hsm", "apply"], 0);
    let backups = host.path("state/keeper/backups/main");
    let backup = fs::read_dir(&backups).expect("there").flatten().next();
    let backup = backup.expect("one").path();
    let backup = backup.to_str().expect("text");
    for lost in [Lost::Question, Lost::Answer] {
        for call in 1.. {
            host.devices.clear();
            host.cuts.clear();
            host.add_device(&format!("{lost:?}{call}"));
            host.configure("tls = \"pin:PIN\"", "");
            let url = host.devices[0].1.clone();
            let words = ["restore", "--device", &url, backup];
            host.cuts[0].at(call, lost);
            let output = host.run(&words);
            if !host.cuts[0].mend() {
                assert_eq!(output.status.code(), Some(0), "{output:?}");
                assert!(call > 2, "only {call} calls");
                break;
            }
            let told = format!("call {call}, {lost:?} lost: {output:?}");
            assert_eq!(output.status.code(), Some(21), "{told}");
            let again = host.run(&words);
            assert_eq!(again.status.code(), Some(0), "{told}, then {again:?}");
            host.ends(&["hsm", "apply"], 0);
            host.signs();
        }
    }
}
