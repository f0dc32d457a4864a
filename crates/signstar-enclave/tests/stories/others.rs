//! A client and the keys of others.

use nethsm::{
    client::{Client as Device, Error},
    id::UserId,
    key::{SignMode, SignRequest},
    passphrase::{Credentials, Passphrase},
};
use serde_json::{Value, json};
use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story};

fn two_clients() -> Story {
    Story::with_clients(&[
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::Curve25519),
    ])
}

/// The fingerprint of the key that signed `content`, according to the answer in `outcome`.
fn signer(story: &Story, gpg: &GnuPg, content: &str, outcome: &Outcome) -> String {
    outcome.expect(0);
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let armored = answer["signature"].as_str().expect("a signature");
    let file = story.file("asked-for", content);
    let signature = story.file("asked-for.asc", armored);
    gpg.verify_as(&file, &signature).expect("gpg accepts")
}

#[test]
fn a_client_gets_its_own_signature_whatever_it_asks_for() {
    let story = two_clients();
    let certificates = ["client1", "client2"].map(|client| story.certificate(client));
    let gpg = GnuPg::knowing(&certificates);
    let content = "asked for by client1";
    let request = story.request(content);
    let ask = |request: &Value, options: &[&str], client: &str, command: &[&str]| {
        let mut ssh = story.ssh();
        ssh.args(options).arg(client).args(command);
        Outcome::with_input(&mut ssh, request.to_string())
    };
    let own = signer(&story, &gpg, content, &ask(&request, &[], "client1", &[]));
    let other = signer(&story, &gpg, content, &ask(&request, &[], "client2", &[]));
    assert_ne!(own, other);

    let commands: [&[&str]; 4] = [
        &["--", "--client", "client2"],
        &["signstar-sign", "--client", "client2"],
        &["signstar-sign --config /dev/null --client client2"],
        &["'; signstar-sign --client client2; '"],
    ];
    for command in commands {
        let outcome = ask(&request, &[], "client1", command);
        assert_eq!(signer(&story, &gpg, content, &outcome), own, "{command:?}");
    }
    for option in ["SetEnv=USER=client2", "SetEnv=SSH_ORIGINAL_COMMAND=client2"] {
        let outcome = ask(&request, &["-o", option], "client1", &[]);
        assert_eq!(signer(&story, &gpg, content, &outcome), own, "{option}");
    }

    let mut wish = request.clone();
    wish["optional"] = json!({"client": "client2", "key": "client2", "issuer": other});
    assert_eq!(
        signer(&story, &gpg, content, &ask(&wish, &[], "client1", &[])),
        own
    );
    for place in ["", "/required", "/required/input", "/required/output"] {
        for name in ["client", "key", "user"] {
            let mut wish = request.clone();
            wish.pointer_mut(place).expect("there")[name] = "client2".into();
            let outcome = ask(&wish, &[], "client1", &[]);
            outcome.expect(3);
            let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
            assert_eq!(answer["refusal"]["code"], "malformed-request");
        }
    }
    let who = story
        .journal()
        .into_iter()
        .map(|line| line["client"].clone());
    assert_eq!(who.filter(|client| client == "client2").count(), 1);
}

#[test]
fn a_signature_of_another_client_is_not_accepted() {
    let story = two_clients();
    let file = story.file("file", "content");
    let mut sender = story.client_program("send");
    sender.arg("--ssh").arg(story.home().join("ssh/connect"));
    sender.args(["--to", "client2", "--certificate"]);
    let outcome = Outcome::of(sender.arg(story.certificate("client1")).arg(&file));
    outcome.expect(5);
    assert!(!file.with_extension("sig").exists());
}

#[test]
fn the_hsm_gives_an_operator_no_other_key() {
    let mut story = two_clients();
    let passphrase = std::fs::read_to_string(story.home().join("secrets/client1"));
    let operator: UserId = "client1".parse().expect("a name");
    let device: Device = story.enclave().hsm().device().expect("the HSM");
    let credentials = Credentials::new(operator, Passphrase::new(passphrase.expect("readable")));
    let operator = device.as_user(credentials);
    let question = SignRequest {
        mode: SignMode::EdDsa,
        message: b"message".to_vec().into(),
    };
    let sign = |key: &str| operator.sign(&key.parse().expect("a name"), &question);
    assert_eq!(sign("client1").expect("its own key").len(), 64);
    let refused = sign("client2").expect_err("not its key");
    assert!(matches!(refused, Error::Forbidden { .. }), "{refused:?}");
}
