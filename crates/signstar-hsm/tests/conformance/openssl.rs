//! Signatures as the program `openssl` sees them: somebody else's code.

use std::{
    fs,
    process::{Command, Stdio},
};

use signstar::sign::{Message, PublicKey};

/// Fails with what `openssl` says, unless it accepts the signature.
pub(crate) fn accepts(key: &PublicKey, message: &Message, signature: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        path
    };
    let (octets, options): (&[u8], Vec<String>) = match message {
        // What openssl is given is the digest; the rest of the DigestInfo it makes itself.
        Message::RsaPkcs1(info) => {
            let length = if info.len() == 19 + 32 { 32 } else { 64 };
            let digest = &info[info.len() - length..];
            (digest, vec![format!("digest:sha{}", length * 8)])
        }
        Message::RsaPss(digest) => {
            let octets = digest.as_octets();
            let hash = format!("sha{}", octets.len() * 8);
            let options = vec![
                format!("digest:{hash}"),
                "rsa_padding_mode:pss".to_owned(),
                format!("rsa_mgf1_md:{hash}"),
                format!("rsa_pss_saltlen:{}", octets.len()),
            ];
            (octets, options)
        }
        Message::Ecdsa(digest) => (digest, Vec::new()),
        Message::Ed25519(message) => (message, Vec::new()),
    };
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-verify", "-pubin", "-inkey"]);
    command.arg(file("key.pem", key.to_pem().expect("a key").as_bytes()));
    command.arg("-in").arg(file("in", octets));
    command.arg("-sigfile").arg(file("signature", signature));
    if matches!(message, Message::Ed25519(_)) {
        command.arg("-rawin");
    }
    for option in options {
        command.args(["-pkeyopt", &option]);
    }
    let output = command.stdin(Stdio::null()).output().expect("openssl runs");
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

/// Makes a private key, PEM, of an algorithm of `openssl genpkey` with options.
pub(crate) fn genpkey(arguments: &[&str]) -> Vec<u8> {
    let output = (Command::new("openssl").arg("genpkey").args(arguments))
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// The public half of a private key, PEM.
pub(crate) fn public_half(private: &std::path::Path) -> PublicKey {
    let output = (Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(private))
    .output()
    .expect("openssl runs");
    assert!(output.status.success(), "{output:?}");
    PublicKey::from_pem(&String::from_utf8_lossy(&output.stdout)).expect("a key")
}
