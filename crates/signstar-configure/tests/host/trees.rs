//! Files for an image.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use nix::fcntl::{Flock, FlockArg};

use crate::setting::{AUDITED, CONFIGURATION, Setting};

const KEYS: &str = "/etc/ssh/signstar/authorized_keys";

#[test]
fn what_is_written_is_what_was_shown_and_then_nothing_is_left_to_do() {
    let setting = Setting::new();
    let shown = setting.ends("plan", 10);
    assert!(!setting.file("/etc").exists(), "a plan writes nothing");
    assert_eq!(setting.ends("apply", 0), shown);
    assert_eq!(setting.ends("plan", 0), "nothing to do\n");
    assert_eq!(setting.ends("apply", 0), "nothing to do\n");
    // All that others read, word for word.
    for (name, path) in [
        ("sshd", "/etc/ssh/sshd_config.d/00-signstar.conf"),
        ("keys", "/etc/ssh/signstar/authorized_keys/builder"),
        ("sysusers", "/etc/sysusers.d/signstar.conf"),
        ("tmpfiles", "/etc/tmpfiles.d/signstar.conf"),
        ("firewall", "/etc/signstar/firewall.nft"),
        (
            "log-service",
            "/etc/systemd/system/signstar-log.service.d/10-signstar.conf",
        ),
        (
            "log-socket",
            "/etc/systemd/system/signstar-log.socket.d/10-signstar.conf",
        ),
        (
            "self-test",
            "/etc/systemd/system/signstar-self-test@.service.d/10-signstar.conf",
        ),
    ] {
        insta::assert_snapshot!(name, setting.read(path));
        let mode = fs::metadata(setting.file(path)).expect(path).permissions();
        assert_eq!(mode.mode() & 0o7777, 0o644, "{path}");
    }
}

#[test]
fn a_change_by_somebody_else_is_shown_and_undone() {
    let setting = Setting::new();
    setting.ends("apply", 0);
    let path = setting.file(&format!("{KEYS}/builder"));
    let before = fs::read_to_string(&path).expect("there");
    fs::write(&path, format!("{before}ssh-ed25519 AAAA \u{1b}[2J\n")).expect("written");
    let sshd = setting.file("/etc/ssh/sshd_config.d/00-signstar.conf");
    fs::set_permissions(&sshd, fs::Permissions::from_mode(0o666)).expect("own file");
    fs::write(setting.file(&format!("{KEYS}/stranger")), "x").expect("written");
    let shown = setting.ends("plan", 10);
    insta::assert_snapshot!("undone", shown);
    setting.ends("apply", 0);
    assert_eq!(fs::read_to_string(&path).expect("there"), before);
    assert_eq!(setting.ends("plan", 0), "nothing to do\n");
}

#[test]
fn whoever_is_no_longer_named_loses_keys_first() {
    let setting = Setting::new();
    setting.ends("apply", 0);
    // As the first boot does it.
    fs::write(
        setting.file("/etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\n\
         builder:x:990:990:Signstar client:/:/usr/bin/signstar-sign\n\
         watcher:x:991:991:Signstar metrics:/:/usr/bin/signstar-configure\n\
         alice:x:1000:1000::/home/alice:/bin/sh\n",
    )
    .expect("written");
    fs::write(
        setting.file("/etc/shadow"),
        "builder:!*:20000::::::\nwatcher:!*:20000::::::\nalice:$6$x:20000::::::\n",
    )
    .expect("written");
    assert_eq!(setting.ends("plan", 0), "nothing to do\n");
    setting.dismiss_watcher();
    let shown = setting.ends("plan", 10);
    let lines: Vec<_> = shown
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(
        lines[..2],
        [
            &format!("take away the SSH keys {KEYS}/watcher"),
            "lock the Unix user watcher",
        ]
    );
    assert!(!setting.ends("plan", 10).contains("delete"));
    let deleted = setting.ends("plan --delete", 10);
    assert_eq!(deleted.lines().last(), Some("delete the Unix user watcher"));
    // Whose account has expired is locked already.
    let expired = "builder:!*:20000::::::\nwatcher:!*:20000:::::1:\n";
    fs::write(setting.file("/etc/shadow"), expired).expect("written");
    assert!(!setting.ends("plan", 10).contains("lock the Unix user"));
}

#[test]
fn somebody_elses_account_is_not_taken() {
    let setting = Setting::new();
    fs::create_dir(setting.file("/etc")).expect("created");
    let alice = "builder:x:1000:1000:Alice:/home/alice:/bin/bash\n";
    fs::write(setting.file("/etc/passwd"), alice).expect("written");
    for words in ["plan", "apply"] {
        let told = setting.ends(words, 1);
        assert!(
            told.contains("`builder` that belongs to somebody else"),
            "{told}"
        );
    }
    assert!(!setting.file(KEYS).exists());
}

#[test]
fn a_log_that_is_to_be_read_has_a_service() {
    let setting = Setting::new();
    setting.ends("apply", 0);
    setting.declare(&[CONFIGURATION, AUDITED].concat());
    let shown = setting.ends("apply", 0);
    let units = "/etc/systemd/system";
    let link = setting.file(&format!(
        "{units}/multi-user.target.wants/signstar-audit@stick.service"
    ));
    let target = fs::read_link(&link).expect("a link");
    assert_eq!(
        target,
        PathBuf::from(units).join("signstar-audit@.service"),
        "{shown}"
    );
    let writable = setting.read(&format!(
        "{units}/signstar-audit@.service.d/10-signstar.conf"
    ));
    assert!(
        writable.starts_with("[Service]\nReadWritePaths=-/"),
        "{writable}"
    );
    assert!(!writable.contains("usb"), "{writable}");
    assert_eq!(setting.ends("plan", 0), "nothing to do\n");

    // On USB, its unit and those of self-tests reach it.
    let on_usb = AUDITED.replace("http://127.0.0.1:12345", "usb");
    setting.declare(&[CONFIGURATION, &on_usb].concat());
    setting.ends("apply", 0);
    for unit in ["signstar-audit@", "signstar-self-test@"] {
        let more = setting.read(&format!("{units}/{unit}.service.d/10-signstar.conf"));
        assert!(more.contains("DeviceAllow=char-usb_device rw\n"), "{more}");
    }

    setting.declare(CONFIGURATION);
    setting.ends("apply", 0);
    assert!(!link.exists() && link.symlink_metadata().is_err());
    let unit = format!("{units}/signstar-audit@.service");
    assert!(!setting.file(&unit).exists());
}

#[test]
fn units_of_others_stay() {
    let setting = Setting::new();
    setting.ends("apply", 0);
    let others = [
        "/etc/systemd/system/signstar-log.service.d/20-local.conf",
        "/etc/systemd/system/signstar-backup.service",
        "/etc/ssh/sshd_config.d/50-local.conf",
    ];
    for path in others {
        fs::write(setting.file(path), "# of somebody else\n").expect("written");
    }
    setting.declare(&CONFIGURATION.replace("[host]", "[host]\nfirewall = false"));
    let shown = setting.ends("apply", 0);
    assert_eq!(
        shown,
        "remove /etc/signstar/firewall.nft\n\
         remove /etc/systemd/system/multi-user.target.wants/signstar-firewall.service\n\
         remove /etc/systemd/system/signstar-firewall.service\n"
            .replace(
                "remove /etc/signstar/firewall.nft",
                &changed_configuration(&shown)
            ),
    );
    for path in others {
        assert!(setting.file(path).exists(), "{path}");
    }
}

/// What comes before the files of units: the configuration itself, and the rules.
fn changed_configuration(shown: &str) -> String {
    let rules = "remove /etc/signstar/firewall.nft";
    let end = shown.find(rules).expect("the rules go") + rules.len();
    let before = &shown[..end];
    assert!(
        before.starts_with("change /etc/signstar/signstar.toml\n"),
        "{before}"
    );
    before.to_owned()
}

#[test]
fn a_link_out_of_the_tree_is_not_followed() {
    let setting = Setting::new();
    let outside = tempfile::tempdir().expect("a folder");
    fs::create_dir(setting.file("/etc")).expect("created");
    symlink(outside.path(), setting.file("/etc/ssh")).expect("linked");
    let told = setting.ends("apply", 1);
    assert!(told.contains("is no folder"), "{told}");
    let inside = fs::read_dir(outside.path()).expect("there").count();
    assert_eq!(inside, 0);
}

#[test]
fn two_at_once_are_one_too_many() {
    let setting = Setting::new();
    let root = fs::File::open(setting.root()).expect("there");
    let lock = Flock::lock(root, FlockArg::LockExclusiveNonblock).expect("free");
    let told = setting.ends("apply", 1);
    assert!(told.contains("another process changes this"), "{told}");
    drop(lock);
    setting.ends("apply", 0);
}

#[test]
fn a_plan_can_be_read_by_programs() {
    let setting = Setting::new();
    let text = setting.ends("plan --json", 10);
    let plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let changes = plan["changes"].as_array().expect("a list");
    let last = changes.last().expect("something to do");
    assert_eq!(last["change"], "write-keys");
    assert_eq!(last["targets"][0], format!("{KEYS}/watcher"));
    let difference = last["difference"][0].as_str().expect("a line");
    assert!(difference.starts_with("+restrict ssh-ed25519 "));
    setting.ends("apply", 0);
    assert_eq!(setting.ends("plan --json", 0), "{\"changes\":[]}\n");
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing() {
    let setting = Setting::new();
    for (from, to) in [
        ("client.builder", "client.root"),
        ("[host]", "identity = 1\n[host]"),
        ("domain =", "identity = \"authorized-keys\"\ndomain ="),
    ] {
        setting.declare(&CONFIGURATION.replace(from, to));
        setting.ends("plan", 1);
        setting.ends("apply", 1);
        assert!(!setting.file("/etc").exists(), "{to}");
    }
}
