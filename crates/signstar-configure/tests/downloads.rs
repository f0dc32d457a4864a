//! Who may download what, and what comes: the program without SSH around it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use nix::unistd::{Uid, User};
use tempfile::TempDir;

/// A host with one user, and a folder with metrics.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new(top: &str, users: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("metrics")).expect("created");
        fs::write(path("metrics/a.prom"), "up 1\n").expect("written");
        fs::write(path("passphrase"), "correct horse").expect("written");
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(path("passphrase"), open).expect("own file");
        let text = format!(
            "domain = \"signstar.example.org\"\nlog = \"unlogged\"\njournal = {{ file = {:?} }}\n\
             metrics = {:?}\n{top}\n[hsm.main]\nkind = \"nethsm\"\n\
             url = \"https://127.0.0.1:1/api/v1\"\ntls = \"system\"\n{}",
            path("journal"),
            path("metrics"),
            users.replace("HERE", &folder.path().display().to_string()),
        );
        fs::write(path("signstar.toml"), text).expect("written");
        Self { folder }
    }

    fn run(&self, words: &str, asked: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signstar-configure"));
        command
            .arg("download")
            .args(words.split(' '))
            .arg("--config")
            .arg(self.folder.path().join("signstar.toml"))
            .env_remove("SSH_CONNECTION")
            .env_remove("SSH_ORIGINAL_COMMAND");
        if let Some(asked) = asked {
            command.env("SSH_ORIGINAL_COMMAND", asked);
        }
        command.output().expect("it runs")
    }

    #[track_caller]
    fn refuses(&self, words: &str, status: i32, complaint: &str) {
        let output = self.run(words, None);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{words}: {told}");
        assert!(told.contains(complaint), "{words}: {told}");
        assert_eq!(output.stdout, b"", "{words}");
    }
}

fn me() -> String {
    let user = User::from_uid(Uid::current()).expect("users");
    user.expect("this one").name
}

#[test]
fn the_unix_user_has_its_role_and_no_other() {
    let me = me();
    let host = Host::new("", &format!("[user.{me}]\nrole = \"metrics\"\n"));
    let output = host.run("metrics", None);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"up 1\n");
    for what in ["certificates", "backup"] {
        host.refuses(what, 3, &format!("`{me}` has not the role `{what}`"));
    }
    host.refuses("metrics --user other", 2, "cannot be named");
    let asked = host.run("metrics", Some("openpgp"));
    assert_eq!(asked.status.code(), Some(2));
    assert_eq!(asked.stdout, b"");

    let journal = fs::read_to_string(host.folder.path().join("journal")).expect("lines");
    let outcomes: Vec<_> = journal
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|line| line["outcome"].as_str().expect("text").to_owned())
        .collect();
    let expected = [
        "downloaded",
        "not-permitted",
        "not-permitted",
        "wrong-usage",
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn who_is_not_declared_gets_nothing() {
    let host = Host::new("", "[user.somebody-else]\nrole = \"metrics\"\n");
    host.refuses("metrics", 3, "has not the role");
    let named = Host::new("identity = \"authorized-keys\"", "");
    named.refuses("metrics", 2, "the user is not named");
    named.refuses("metrics --user nobody", 3, "has not the role");
}

#[test]
fn an_hsm_that_is_away_is_told_from_one_that_is_not_set_up() {
    let keeper = "[user.keeper]\nrole = \"backup\"\nhsm = \"main\"\noperator = \"backup\"\n\
                  passphrase = { file = \"HERE/passphrase\" }\n";
    let host = Host::new("identity = \"authorized-keys\"", keeper);
    host.refuses("backup --user keeper", 1, "others may read it");
    let own = fs::Permissions::from_mode(0o600);
    fs::set_permissions(host.folder.path().join("passphrase"), own).expect("own file");
    host.refuses("backup --user keeper", 4, "the HSM cannot be reached");
    let journal = fs::read_to_string(host.folder.path().join("journal")).expect("lines");
    assert!(!journal.contains("correct horse"));
}

/// The key of a vector by its name, as other programs made it.
fn vector(name: &str) -> String {
    let text = include_str!("../../../spec/vectors/signatures.json");
    let vectors: Vec<serde_json::Value> = serde_json::from_str(text).expect("JSON");
    let found = vectors.iter().find(|vector| vector["name"] == name);
    let key = found.expect("there")["key"].as_str().expect("text");
    key.to_owned()
}

#[test]
fn what_is_left_out_is_named_and_the_rest_is_handed_out() {
    let key = "hsm = \"main\"\nid = \"a\"\noperator = \"a\"\n\
               passphrase = { file = \"HERE/passphrase\" }\n";
    let host = Host::new(
        "identity = \"authorized-keys\"",
        &format!(
            "[user.fetch]\nrole = \"certificates\"\n\
             [key.a]\n{key}certificate = \"HERE/passphrase\"\n\
             [key.b]\n{key}certificate = \"HERE/b.asc\"\ncertificate-v6 = \"HERE/b6.asc\"\n\
             [key.c]\n{key}certificate = \"HERE/b.asc\"\nssh-namespace = \"file\"\n"
        ),
    );
    let path = |name: &str| host.folder.path().join(name);
    fs::write(path("b.asc"), vector("OpenPGPv4, ed25519")).expect("written");
    fs::write(path("b6.asc"), vector("OpenPGPv6, Ed25519")).expect("written");

    // A file that is no certificate does not get out, and one of several keys comes once.
    let output = host.run("certificates --user fetch", None);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("left out: key a:"), "{told}");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 1);
    assert!(!text.contains("correct horse"));

    // What GnuPG does not read does not stand among what it reads.
    let six = host.run("certificates --user fetch", Some("openpgp-v6"));
    assert!(six.status.success(), "{six:?}");
    let six = String::from_utf8(six.stdout).expect("text");
    assert_eq!(six.matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 1);
    assert_ne!(six, text);

    let ssh = host.run("certificates --user fetch", Some("ssh"));
    assert!(ssh.status.success(), "{ssh:?}");
    let line = "c@signstar.example.org namespaces=\"file\" ssh-ed25519 ";
    assert!(ssh.stdout.starts_with(line.as_bytes()), "{ssh:?}");
}
