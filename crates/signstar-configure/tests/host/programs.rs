//! What other programs say of what was written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use nix::unistd::Uid;

use crate::setting::{AUDITED, CONFIGURATION, Setting, skipped};

/// Where `name` is, if it is installed; says so if not.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let found = folders
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("{name} is not installed"));
    }
    found
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{told}");
    said.into_owned()
}

#[test]
fn sshd_gives_each_user_its_one_program() {
    let (Some(sshd), Some(keygen)) = (installed("sshd"), installed("ssh-keygen")) else {
        return;
    };
    let setting = Setting::new();
    setting.ends("apply", 0);
    let host_key = setting.file("/host_key");
    let made = Command::new(keygen)
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&host_key)
        .output();
    succeeds(&made.expect("it runs"));
    let config = setting.file("/sshd_config");
    // As Debian and Arch have it: what is included comes first. What comes after is for everybody.
    let text = format!(
        "Include {}/*.conf\nPort 2222\nPasswordAuthentication yes\nX11Forwarding yes\n\
         AuthorizedKeysFile .ssh/authorized_keys\nHostKey {}\n",
        setting.file("/etc/ssh/sshd_config.d").display(),
        host_key.display()
    );
    fs::write(&config, text).expect("written");
    let ask = |user: &str| {
        let who = format!("user={user},host=host.invalid,addr=192.0.2.1");
        let output = Command::new(&sshd)
            .args(["-T", "-C", &who, "-f"])
            .arg(&config)
            .output();
        succeeds(&output.expect("it runs"))
    };
    let output = Command::new(&sshd)
        .arg("-t")
        .arg("-f")
        .arg(&config)
        .output();
    succeeds(&output.expect("it runs"));
    for (user, command) in [
        ("builder", "signstar-sign"),
        ("watcher", "download metrics"),
    ] {
        let said = ask(user);
        for line in [
            &format!("forcecommand {command}"),
            "authorizedkeysfile /etc/ssh/signstar/authorized_keys/%u",
            "authenticationmethods publickey",
            "passwordauthentication no",
            "kbdinteractiveauthentication no",
            "allowtcpforwarding no",
            "allowagentforwarding no",
            "allowstreamlocalforwarding no",
            "x11forwarding no",
            "disableforwarding yes",
            "permittty no",
            "permittunnel no",
            "permituserrc no",
        ] {
            assert!(
                said.lines().any(|said| said == line),
                "{user}: {line} in {said}"
            );
        }
    }
    let others = ask("alice");
    for line in [
        "forcecommand none",
        "passwordauthentication yes",
        "x11forwarding yes",
    ] {
        assert!(
            others.lines().any(|said| said == line),
            "{line} in {others}"
        );
    }
}

#[test]
fn systemd_makes_the_users_and_takes_the_units() {
    let programs = ["systemd-sysusers", "systemd-tmpfiles", "systemd-analyze"];
    let Some([sysusers, tmpfiles, analyze]) = programs
        .map(installed)
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .and_then(|found| <[PathBuf; 3]>::try_from(found).ok())
    else {
        return;
    };
    if !Uid::effective().is_root() {
        skipped("only root can give folders to others");
        return;
    }
    let setting = Setting::new();
    setting.declare(&[CONFIGURATION, AUDITED].concat());
    setting.ends("apply", 0);
    let root = format!("--root={}", setting.root().display());
    succeeds(&Command::new(sysusers).arg(&root).output().expect("it runs"));
    let passwd = setting.read("/etc/passwd");
    for end in [
        "Signstar client:/:/usr/bin/signstar-sign",
        "Signstar metrics:/:/usr/bin/signstar-configure",
        "Signstar log:/:/usr/sbin/nologin",
    ] {
        assert!(
            passwd.lines().any(|line| line.ends_with(end)),
            "{end}: {passwd}"
        );
    }
    let shadow = setting.read("/etc/shadow");
    assert!(
        shadow.lines().any(|line| line.starts_with("builder:!*:")),
        "{shadow}"
    );
    let output = Command::new(tmpfiles).arg(&root).arg("--create").output();
    succeeds(&output.expect("it runs"));
    assert!(setting.file("/var/lib/signstar/state/builder").is_dir());
    // What those users are is what is wanted.
    assert_eq!(setting.ends("plan", 0), "nothing to do\n");

    for name in ["signstar-sign", "signstar-log", "signstar-configure", "nft"] {
        for folder in ["/usr/bin", "/usr/sbin"] {
            fs::create_dir_all(setting.file(folder)).expect("created");
            fs::copy("/bin/true", setting.file(&format!("{folder}/{name}"))).expect("copied");
        }
    }
    let units = [
        "signstar-log.service",
        "signstar-self-test@builder.service",
        "signstar-audit@stick.service",
        "signstar-firewall.service",
    ];
    let output = Command::new(&analyze)
        .args(["verify", "--man=no", "--recursive-errors=no", &root])
        .args(units)
        .args(["signstar-log.socket", "signstar-self-test@builder.timer"])
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    succeeds(&output);
    let ours: Vec<_> = told
        .lines()
        .filter(|line| line.contains("signstar"))
        .collect();
    assert!(ours.is_empty(), "{told}");
    for unit in units {
        // Of 100: what is at most 20 is "OK" or "SAFE".
        let output = Command::new(&analyze)
            .args(["security", "--no-pager", "--offline=true", "--threshold=20"])
            .args([&root, unit])
            .output();
        succeeds(&output.expect("it runs"));
    }
}
