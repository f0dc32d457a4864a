//! Users that sign nothing: each gets its own, and nothing of the others'.

use std::{
    fs,
    io::Cursor,
    process::{Command, Output, Stdio},
};

use nethsm::backup::{Backup, BackupKey};
use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story, started};

/// What comes back to `user` for `command`, as octets.
fn fetched(story: &Story, user: &str, command: &[&str]) -> Output {
    let mut ssh = story.ssh();
    ssh.arg(user).args(command).stdin(Stdio::null());
    ssh.output().expect("ssh runs")
}

fn ask(story: &Story, user: &str, command: &[&str]) -> Outcome {
    fetched(story, user, command).into()
}

/// Adds lines to the top of `signstar.toml`.
fn configure(story: &Story, lines: &str) {
    let text = story.configuration(|text| text.replacen("\n\n", &format!("\n{lines}\n\n"), 1));
    fs::write(story.home().join("signstar.toml"), text).expect("written");
}

#[test]
fn certificates_come_as_gpg_and_ssh_keygen_take_them() {
    let story = Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::EcP256),
    ]);
    let outcome = ask(&story, "certificates", &[]);
    outcome.expect(0);
    assert_eq!(outcome.stdout.matches("-----BEGIN").count(), 2);
    let file = story.file("package", "content");
    for client in ["client1", "client2"] {
        story.send(client, &[&file]).expect(0);
        let keyring = story.file("all.asc", &outcome.stdout);
        let gpg = GnuPg::knowing(&[keyring]);
        gpg.verify(&file).expect("a good signature");
        fs::remove_file(file.with_file_name("package.sig")).expect("removed");
    }
    assert_eq!(
        ask(&story, "certificates", &["openpgp"]).stdout,
        outcome.stdout
    );

    // No key is set up for SSH signatures yet.
    let none = ask(&story, "certificates", &["ssh"]);
    none.expect(0);
    assert_eq!(none.stdout, "");
    let text = story.configuration(|text| {
        let key = "[key.\"client2\"]\n";
        text.replacen(key, &format!("{key}ssh-namespace = \"file\"\n"), 1)
    });
    fs::write(story.home().join("signstar.toml"), text).expect("written");
    let ssh = ask(&story, "certificates", &["ssh"]);
    ssh.expect(0);
    let signers = story.file("allowed_signers", &ssh.stdout);
    let mut find = story.command("ssh-keygen".as_ref());
    find.args([
        "-Y",
        "match-principals",
        "-I",
        "client2@signstar.example",
        "-f",
    ]);
    Outcome::of(find.arg(&signers)).expect(0);
    let line = "client2@signstar.example namespaces=\"file\" ecdsa-sha2-nistp256 ";
    assert!(ssh.stdout.starts_with(line), "{ssh:#?}");

    let list = ask(&story, "certificates", &["list"]);
    list.expect(0);
    let kinds: Vec<_> = list.stdout.lines().map(|line| &line[..12]).collect();
    assert_eq!(kinds, ["openpgp clie", "openpgp clie", "ssh client2 "]);
}

#[test]
fn metrics_of_all_clients_come_as_one_page() {
    let story = Story::begin();
    let outcome = ask(&story, "metrics", &[]);
    outcome.expect(1);
    outcome.expect_complaint("names no folder for `metrics`");

    let folder = story.path().join("metrics");
    fs::create_dir(&folder).expect("created");
    configure(&story, &format!("metrics = \"{}\"", folder.display()));
    for client in ["a", "b"] {
        let page = format!("# TYPE signstar_signed counter\nsigned{{client=\"{client}\"}} 1\n")
            .replace("\nsigned", "\nsignstar_signed");
        fs::write(folder.join(format!("signstar-{client}.prom")), page).expect("written");
    }
    let outcome = ask(&story, "metrics", &[]);
    outcome.expect(0);
    assert_eq!(
        outcome.stdout,
        "# TYPE signstar_signed counter\n\
         signstar_signed{client=\"a\"} 1\nsignstar_signed{client=\"b\"} 1\n"
    );
}

#[test]
fn a_backup_can_be_opened_with_its_passphrase() {
    let mut story = Story::begin();
    let secret = |name: &str| fs::read_to_string(story.home().join("secrets").join(name));
    let passphrase = story.administrative().backup;
    let operator = secret("backup").expect("readable");
    let fetched = fetched(&story, "backup", &[]);
    assert!(fetched.status.success(), "{fetched:?}");
    assert_eq!(String::from_utf8_lossy(&fetched.stderr), "");
    let backup = Backup::read(Cursor::new(&fetched.stdout)).expect("a backup");
    let key = BackupKey::derive(&passphrase, backup.salt()).expect("a key");
    let mut opened = backup.open(&key).expect("the passphrase");
    let summary = opened.verify().expect("whole");
    assert_eq!(summary.keys, 1);
    // admin, client1 and backup.
    assert_eq!(summary.users, 3);

    let line = story.journal().pop().expect("a line");
    assert_eq!(line["user"], "backup");
    assert_eq!(line["outcome"], "downloaded");
    assert_eq!(line["octets"], fetched.stdout.len());
    assert!(!line.to_string().contains(&operator));

    story.enclave().hsm().stop();
    let away = ask(&story, "backup", &[]);
    away.expect(4);
    assert_eq!(away.stdout, "");
    away.expect_complaint("the HSM cannot be reached");
}

#[test]
fn a_role_gets_at_nothing_else() {
    let story = Story::begin();
    let request = story.request("content").to_string();
    let before = story.listing();
    let mark = story.path().join("mark");
    let touch = format!("touch {}", mark.display());
    for user in ["certificates", "metrics", "backup"] {
        for command in [
            &touch[..],
            "signstar-sign --client client1",
            "signstar-configure download backup",
            "openpgp; id",
            "openpgp --user backup",
            "id",
        ] {
            let outcome = ask(&story, user, &[command]);
            outcome.expect(2);
            assert_eq!(outcome.stdout, "", "{user}: {command}");
            outcome.expect_complaint("no command");
        }
        // What a client would send is not read.
        let asked = Outcome::with_input(story.ssh().arg(user), request.as_str());
        assert!(!asked.stdout.contains("SIGNATURE"), "{asked:#?}");

        let mut terminal = story.ssh();
        terminal.args(["-tt", "-o", "LogLevel=INFO", user]);
        Outcome::of(&mut terminal).expect_complaint("PTY allocation request failed");
        let mut file_transfer = story.ssh();
        file_transfer.args(["-o", "LogLevel=INFO", "-s", user, "sftp"]);
        Outcome::of(&mut file_transfer).expect_complaint("subsystem request failed");
        let forwarded = Outcome::of(story.ssh().args(["-W", &story.hsm_address(), user]));
        forwarded.expect_failure();
        forwarded.expect_complaint("stdio forwarding failed");
    }
    assert_eq!(story.listing(), before);
}

#[test]
fn a_signing_client_downloads_nothing() {
    let story = Story::begin();
    for command in [
        "openpgp",
        "list",
        "signstar-configure download certificates --user certificates",
        "signstar-configure download backup",
    ] {
        let outcome = ask(&story, "client1", &[command]);
        outcome.expect(3);
        assert_eq!(outcome.stdout, "");
        outcome.expect_complaint("there was no request");
    }
}

#[test]
fn the_program_of_another_role_refuses() {
    let story = Story::begin();
    let configure = crate::story::program("signstar-configure");
    let config = story.home().join("signstar.toml");
    let run = |what: &str, user: &str| {
        let mut command = Command::new(&configure);
        command.args(["download", what, "--user", user, "--config"]);
        Outcome::of(command.arg(&config))
    };
    for what in ["certificates", "metrics", "backup"] {
        for user in ["certificates", "metrics", "backup", "client1", "nobody"] {
            if user != what {
                let outcome = run(what, user);
                outcome.expect(3);
                assert_eq!(outcome.stdout, "");
                outcome.expect_complaint(&format!("`{user}` has not the role `{what}`"));
            }
        }
        // And the forced command of clients.
        let mut sign = Command::new(crate::story::program("signstar-sign"));
        sign.args(["--client", what, "--config"]).arg(&config);
        let request = story.request("content").to_string();
        let mut child = started(sign.stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut stdin, request.as_bytes()).expect("written");
        drop(stdin);
        Outcome::of_started(child).expect(3);
    }
}
