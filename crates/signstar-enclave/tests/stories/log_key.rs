//! The key that signs checkpoints, in the HSM.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use signstar::log::{Policy, Recorded};
use signstar_enclave::KeyType;
use signstar_log::client::Client;

use crate::story::{Outcome, Story, program};

const ORIGIN: &str = "signstar.example/log-in-hsm";

/// An enclave whose log has its key in the HSM.
struct Logged {
    story: Story,
    vkey: String,
    socket: PathBuf,
    writer: Option<Child>,
}

impl Logged {
    fn begin() -> Self {
        // `checkpoints` is a client only for as long as it takes to make its key and operator.
        let mut story = Story::with_clients(&[
            ("client1", KeyType::Curve25519),
            ("checkpoints", KeyType::Curve25519),
        ]);
        story.enclave().log().stop();
        for name in ["log", "log.state"] {
            fs::remove_dir_all(story.home().join(name)).expect("a folder");
        }
        let config = story.home().join("signstar.toml");
        let mut show = Command::new(program("signstar-log"));
        show.args(["key", "show", "--config"]).arg(&config);
        show.args(["--name", "checkpoints", "--origin", ORIGIN]);
        let shown = Outcome::of(&mut show);
        shown.expect(0);
        let vkey = shown.stdout.trim().to_owned();

        let old = story.description().log.vkey.clone();
        story.reconfigure(|text| text.replace(&old, &vkey));
        let text = fs::read_to_string(&config).expect("text");
        let table = format!("vkey = \"{vkey}\"\n");
        let named = text.replace(&table, &format!("{table}key = \"checkpoints\"\n"));
        // As long as a client has the key, too, nothing starts.
        fs::write(&config, &named).expect("written");
        let logged = Self {
            socket: story.home().join("log.socket"),
            story,
            vkey,
            writer: None,
        };
        let refused = Outcome::of(&mut logged.serve());
        refused.expect(1);
        refused.expect_complaint("[client.checkpoints] has the key of the log");
        let certificate = logged.story.certificate("checkpoints");
        let certificate = format!(
            "certificate = \"{}\"\n\
             user-ids = [\"Example Packaging (checkpoints) <checkpoints@signstar.example>\"]\n",
            certificate.display()
        );
        let (before, _) = named
            .split_once("\n[client.\"checkpoints\"]")
            .expect("the last section");
        assert!(before.contains(&certificate), "{before}");
        fs::write(&config, before.replace(&certificate, "")).expect("written");
        logged
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(program("signstar-log"));
        let home = self.story.home();
        command.args(["serve", "--dir"]).arg(home.join("log"));
        command.arg("--socket").arg(&self.socket);
        command.arg("--config").arg(home.join("signstar.toml"));
        command
    }

    fn start(&mut self) {
        self.stop();
        let mut child = self
            .serve()
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        assert!(line.starts_with("signstar-log listening on "), "{line}");
        self.writer = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.writer.take() {
            let _ = child.kill();
            child.wait().expect("own child");
        }
    }

    /// Appends an entry that the log has no reason to refuse.
    fn append(&self, id: &str) -> Result<Recorded, String> {
        let digest = "00".repeat(64);
        let entry = format!(
            "{{\"client\":\"client1\",\"file-sha512\":\"{digest}\",\"hsm-input\":\"AA==\",\
             \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"client1\",\
             \"output\":\"OpenPGPv4\",\"request-id\":\"{id}\",\"signature\":\"AA==\",\
             \"time\":1767225600,\"version\":1}}"
        );
        let client = Client::new(&self.socket, Duration::from_secs(30));
        let proof = client.append(entry.into_bytes());
        let proof = proof.map_err(|error| error.to_string())?;
        let policy = Policy::of_log(self.vkey.parse().expect("a verifier key"));
        Ok(Recorded::check(&proof, &policy).expect("a proof that holds"))
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn the_hsm_signs_checkpoints_and_nothing_waits_for_it_in_vain() {
    let mut logged = Logged::begin();
    logged.start();
    let file = logged.story.file("file", "signed and logged by one HSM");
    let mut sender = logged.story.sender("client1");
    Outcome::of(sender.args(["--log-key", &logged.vkey, "--"]).arg(&file)).expect(0);
    let mut verify = Command::new(program("signstar-log"));
    verify.arg("verify").arg(logged.story.home().join("log"));
    Outcome::of(verify.arg(&logged.vkey)).expect(0);
    assert_eq!(logged.append("r-1").expect("a proof").index(), 1);

    // The HSM is away: nobody is told anything, and it does not end the log.
    logged.story.enclave().hsm().kill();
    let away = logged.append("r-2").expect_err("nothing signs it");
    assert!(
        away.contains("the key or the witnesses of the log are away"),
        "{away}"
    );
    logged.append("r-3").expect_err("still away");
    assert_eq!(logged.append("r-1").expect("it is on record").index(), 1);

    // It is back: what waited goes first, and is there once.
    logged.story.restart_hsm(&[]);
    assert_eq!(logged.append("r-2").expect("a proof").index(), 2);
    assert_eq!(logged.append("r-3").expect("a proof").index(), 3);
    assert_eq!(logged.append("r-2").expect("a proof").index(), 2);

    // Killed while it waits for the HSM, it finishes that when both are back.
    logged.story.enclave().hsm().kill();
    logged.append("r-4").expect_err("nothing signs it");
    logged.stop();
    let refused = Outcome::of(&mut logged.serve());
    refused.expect(1);
    refused.expect_complaint("cannot be reached");
    logged.story.restart_hsm(&[]);
    logged.start();
    assert_eq!(logged.append("r-4").expect("a proof").index(), 4);
}

#[test]
fn a_wrong_signature_is_not_published() {
    let mut logged = Logged::begin();
    logged.start();
    logged.append("r-1").expect("a proof");
    logged
        .story
        .restart_hsm(&["--misbehave", "wrong-signature"]);
    logged.append("r-2").expect_err("no such signature is used");
    // It is not asked again: the log ends, and says why.
    let mut writer = logged.writer.take().expect("it ran");
    assert_eq!(writer.wait().expect("own child").code(), Some(1));
    let checkpoint = fs::read_to_string(logged.story.home().join("log/checkpoint"));
    assert_eq!(checkpoint.expect("text").lines().nth(1), Some("1"));
    // With an HSM that is well it goes on.
    logged.story.restart_hsm(&[]);
    logged.start();
    assert_eq!(logged.append("r-2").expect("a proof").index(), 1);
}

#[test]
fn its_passphrase_changes_while_the_log_serves() {
    let mut logged = Logged::begin();
    logged.start();
    logged.append("r-0").expect("a proof");
    let path = logged.story.home().join("secrets/checkpoints");
    let mut seen = vec![fs::read(&path).expect("readable")];
    for round in 1..4 {
        let user = ["rotate", "--user", "checkpoints"];
        logged.story.configure(&user).expect(0);
        let new = fs::read(&path).expect("readable");
        assert!(!seen.contains(&new), "round {round}");
        seen.push(new);
        let proof = logged.append(&format!("r-{round}"));
        assert_eq!(proof.expect("a proof").index(), round);
    }
    logged.story.configure(&["hsm", "plan"]).expect(0);
    let writer = logged.writer.as_mut().expect("it was started");
    assert!(writer.try_wait().expect("own child").is_none(), "it ended");
}
