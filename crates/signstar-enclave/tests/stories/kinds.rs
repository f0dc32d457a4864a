//! Signatures of every kind, over the whole path, checked by the programs that others check with.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use signstar::config::Mechanism;
use signstar_enclave::{Client, KeyType, Purpose, SSH_NAMESPACE};

use crate::story::{Outcome, Story, is_installed, tell};

const CONTENT: &str = "what a build host has built";

/// Has a file with [`CONTENT`] signed for `client`, and returns it with its signature.
fn signed(story: &Story, client: &str, kind: &str, anchor: &Path) -> (PathBuf, PathBuf) {
    let file = story.file(client, CONTENT);
    let mut send = story.client_program("send");
    send.arg("--ssh").arg(story.home().join("ssh/connect"));
    send.args(["--patience", "0", "--to", client, "--output-type", kind]);
    Outcome::of(send.arg("--certificate").arg(anchor).arg(&file)).expect(0);
    let suffix = match kind {
        "SSHSIG" => ".sshsig",
        "raw" => ".rawsig",
        _ => ".sig",
    };
    let signature = story.files().join(format!("{client}{suffix}"));
    assert!(signature.is_file(), "{}", signature.display());

    let mut verify = story.client_program("verify");
    Outcome::of(verify.arg("--certificate").arg(anchor).arg(&file)).expect(0);
    (file, signature)
}

/// A program that reads the signed file from its input.
fn reading(command: &mut Command, file: &Path) -> Outcome {
    let input = File::open(file).expect("readable");
    command.stdin(input).output().expect("it runs").into()
}

/// A story of clients with keys of these types for everything.
fn for_everything(types: &[(&str, KeyType)]) -> Story {
    let client = |(name, key_type): &(&str, KeyType)| {
        Client::new(*name, *key_type).with_key_for(Purpose::Everything)
    };
    Story::of(types.iter().map(client).collect())
}

#[test]
fn ssh_keygen_accepts_ssh_signatures() {
    let types = [
        ("ed25519", KeyType::Curve25519),
        ("p256", KeyType::EcP256),
        ("p384", KeyType::EcP384),
        ("p521", KeyType::EcP521),
        ("rsa", KeyType::Rsa2048),
    ];
    let story = for_everything(&types);
    for (name, _) in types {
        let public = story.home().join(format!("certificates/{name}.pub"));
        let (file, signature) = signed(&story, name, "SSHSIG", &public);
        let line = fs::read_to_string(&public).expect("readable");
        let signers = story.file("allowed_signers", format!("builder {line}"));
        let verify = |namespace: &str, file: &Path| {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-Y", "verify", "-I", "builder", "-n", namespace, "-f"]);
            keygen.arg(&signers).arg("-s").arg(&signature);
            reading(&mut keygen, file)
        };
        verify(SSH_NAMESPACE, &file).expect(0);
        verify("git", &file).expect_failure();
        let other = story.file("other", "something else");
        verify(SSH_NAMESPACE, &other).expect_failure();
    }
}

#[test]
fn openssl_accepts_raw_signatures() {
    if !is_installed("openssl") {
        return;
    }
    let clients = [
        ("pkcs1", KeyType::Rsa2048, Mechanism::Pkcs1),
        ("pss", KeyType::Rsa2048, Mechanism::Pss),
        ("p256", KeyType::EcP256, Mechanism::Ecdsa),
        ("p384", KeyType::EcP384, Mechanism::Ecdsa),
        ("p521", KeyType::EcP521, Mechanism::Ecdsa),
        ("ed25519", KeyType::Curve25519, Mechanism::Ed25519),
    ];
    let client = |(name, key_type, mechanism): (&str, KeyType, Mechanism)| {
        Client::new(name, key_type).with_key_for(Purpose::Raw(mechanism))
    };
    let story = Story::of(clients.into_iter().map(client).collect());
    for (name, _, mechanism) in clients {
        let public = story.home().join(format!("certificates/{name}.pem"));
        let (file, signature) = signed(&story, name, "raw", &public);
        let verify = |file: &Path| {
            let mut openssl = Command::new("openssl");
            if mechanism == Mechanism::Ed25519 {
                // It signs the digest as a message, which openssl does not make by itself.
                let digest = story.files().join("digest");
                let mut make = Command::new("openssl");
                make.args(["dgst", "-sha512", "-binary", "-out"]);
                Outcome::of(make.arg(&digest).arg(file)).expect(0);
                openssl.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]);
                openssl.arg(&public).arg("-in").arg(digest);
                openssl.arg("-sigfile").arg(&signature);
                return Outcome::of(&mut openssl);
            }
            openssl.args(["dgst", "-sha512", "-verify"]).arg(&public);
            if mechanism == Mechanism::Pss {
                openssl.args(["-sigopt", "rsa_padding_mode:pss"]);
                openssl.args(["-sigopt", "rsa_pss_saltlen:digest"]);
            }
            Outcome::of(openssl.arg("-signature").arg(&signature).arg(file))
        };
        verify(&file).expect(0);
        verify(&story.file("other", "something else")).expect_failure();
    }
}

/// The programs here that know version 6 of OpenPGP, each with what it says about a signature.
fn verifiers_of_v6(certificate: &Path, signature: &Path, file: &Path) -> Vec<(String, Outcome)> {
    let mut verdicts = Vec::new();
    // With the Stateless OpenPGP interface.
    for program in ["sqop", "rsop", "gosop"] {
        if knows_v6(program, &["version", "--backend"]) {
            let mut verify = Command::new(program);
            verify.arg("verify").arg(signature).arg(certificate);
            verdicts.push((program.to_owned(), reading(&mut verify, file)));
        }
    }
    if knows_v6("sqv", &["--version"]) {
        let mut verify = Command::new("sqv");
        verify.arg("--keyring").arg(certificate);
        let outcome = Outcome::of(verify.arg(signature).arg(file));
        verdicts.push(("sqv".to_owned(), outcome));
    }
    verdicts
}

/// Whether `program` is there with a library that knows version 6; `version` makes it tell.
fn knows_v6(program: &str, version: &[&str]) -> bool {
    if !is_installed(program) {
        return false;
    }
    let told = Outcome::of(Command::new(program).args(version)).stdout;
    let told = told.lines().next().unwrap_or_default().to_lowercase();
    let new = ["sequoia 2.", "sequoia-openpgp 2.", "gopenpgp 3.", "rpgp"];
    let knows = new.iter().any(|library| told.contains(library));
    if !knows {
        tell(&format!(
            "SKIPPED: `{program}` ({told}) is from before version 6"
        ));
    }
    knows
}

#[test]
fn others_accept_openpgp_of_version_6() {
    let types = [
        ("ed25519", KeyType::Curve25519),
        ("p256", KeyType::EcP256),
        ("rsa", KeyType::Rsa2048),
    ];
    let story = for_everything(&types);
    for (name, _) in types {
        let certificate = story.home().join(format!("certificates/{name}-v6.pgp"));
        let (file, signature) = signed(&story, name, "OpenPGPv6", &certificate);
        for (program, outcome) in verifiers_of_v6(&certificate, &signature, &file) {
            assert_eq!(outcome.code, Some(0), "{program}: {outcome:#?}");
        }
        let other = story.file("other", "something else");
        for (program, outcome) in verifiers_of_v6(&certificate, &signature, &other) {
            assert_ne!(outcome.code, Some(0), "{program}: {outcome:#?}");
        }
    }
}
