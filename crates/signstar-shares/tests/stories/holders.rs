//! Shares at rest, and holders who read them with the programs they have.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use signstar_shares::{BadRecipient, Receipt, Recipient};

use crate::{is_installed, made, output, read};

/// A new key of SSH without a passphrase in `folder`: the line with the public one.
fn key(folder: &Path, name: &str, kind: &str, bits: &str) -> String {
    let file = folder.join(name);
    let options = [
        "-q",
        "-t",
        kind,
        "-b",
        bits,
        "-N",
        "",
        "-C",
        "holder@example.org",
        "-f",
    ];
    output(
        "ssh-keygen",
        options
            .map(AsRef::as_ref)
            .into_iter()
            .chain([file.as_os_str()]),
    );
    let line = fs::read_to_string(file.with_extension("pub")).expect("readable");
    line.trim_end().to_owned()
}

#[test]
fn a_holder_reads_their_share_with_age_and_nobody_else_does() {
    if !["age", "ssh-keygen", "sha256sum"]
        .into_iter()
        .all(is_installed)
    {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (sealed, shares) = made(b"secret", 2, 3);
    key(folder.path(), "stranger", "ed25519", "256");
    let kinds = [("ed25519", "256"), ("rsa", "2048"), ("rsa", "3072")];
    for (share, (kind, bits)) in shares.iter().zip(kinds) {
        let name = format!("{kind}-{bits}");
        let line = key(folder.path(), &name, kind, bits);
        let recipient = Recipient::from_openssh(&line).expect("a recipient");
        assert_eq!(
            recipient.to_openssh(),
            line.rsplit_once(' ').expect("a comment").0
        );
        let at_rest = share.seal_to(&recipient);
        assert!(at_rest.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
        assert_ne!(at_rest, share.seal_to(&recipient));
        let file = folder.path().join("share.age");
        fs::write(&file, &at_rest).expect("writable");

        let decrypt = |identity: &str| {
            let mut age = Command::new("age");
            age.args(["-d", "-i"])
                .arg(folder.path().join(identity))
                .arg(&file);
            age.output().expect("it starts")
        };
        let plain = decrypt(&name);
        assert!(
            plain.status.success(),
            "{}",
            String::from_utf8_lossy(&plain.stderr)
        );
        let text = String::from_utf8(plain.stdout.clone()).expect("ASCII");
        assert_eq!(text, format!("{}\n", share.to_text().expose()));
        assert_eq!(sealed.check(&read(&text).expect("a share")), Ok(()));
        assert!(!decrypt("stranger").status.success());

        // age -d ... | sha256sum
        let mut sum = Command::new("sha256sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        sum.stdin
            .take()
            .expect("piped")
            .write_all(&plain.stdout)
            .expect("it reads");
        let sum = sum.wait_with_output().expect("it ends").stdout;
        let receipt: Receipt = String::from_utf8(sum)
            .expect("ASCII")
            .parse()
            .expect("a receipt");
        assert_eq!(sealed.confirms(&receipt), Some(share.index()));
    }
}

#[test]
fn keys_that_cannot_decrypt_are_refused_with_the_way_out() {
    if !is_installed("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (bits, kind) in [
        ("256", "ecdsa-sha2-nistp256"),
        ("384", "ecdsa-sha2-nistp384"),
        ("521", "ecdsa-sha2-nistp521"),
    ] {
        let line = key(folder.path(), kind, "ecdsa", bits);
        let refused = Recipient::from_openssh(&line).expect_err("no recipient");
        assert_eq!(refused, BadRecipient::Unsupported { kind });
        assert!(refused.hint().contains("ssh-keygen -t ed25519"));
    }
}

#[test]
fn rsa_keys_are_neither_short_nor_endless() {
    for (octets, refusal) in [
        (128, Some(BadRecipient::WeakRsa)),
        (256, None),
        (512, None),
        (513, Some(BadRecipient::LongRsa)),
    ] {
        let line = line("ssh-rsa", &[b"ssh-rsa", &[1, 0, 1], &rsa_modulus(octets)]);
        assert_eq!(Recipient::from_openssh(&line).err(), refusal, "{octets}");
    }
}

/// An odd number with so many octets; nobody knows its factors.
fn rsa_modulus(octets: usize) -> Vec<u8> {
    let mut number = vec![0xa5; octets];
    number.insert(0, 0);
    number
}

/// Public keys of devices that are not at hand, and lines that are none.
#[test]
fn lines_that_are_no_recipients_are_refused() {
    for kind in [
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ] {
        let line = line(kind, &[kind.as_bytes(), &[7; 32], b"ssh:"]);
        let refused = Recipient::from_openssh(&line).expect_err("no recipient");
        assert_eq!(refused, BadRecipient::Hardware { kind });
        assert!(refused.hint().contains("ssh-keygen -t ed25519"));
    }
    let ed25519 = "ssh-ed25519";
    let name = ed25519.as_bytes();
    // The base point of the curve: 4/5 and its x.
    let mut base = [0x66; 32];
    base[0] = 0x58;
    let good = line(ed25519, &[name, &base]);
    assert!(Recipient::from_openssh(&good).is_ok());
    assert!(Recipient::from_openssh(&format!("{good} holder@example.org, by day")).is_ok());
    // The neutral element: everybody would know the shared secret.
    let mut small = [0; 32];
    small[0] = 1;
    for line in [
        String::new(),
        ed25519.to_owned(),
        format!("{ed25519} "),
        format!("{good}\n"),
        format!(" {good}"),
        format!("restrict {good}"),
        good.replace(' ', "  "),
        good.replace("ssh-ed25519 ", "ssh-rsa "),
        good.replace("ssh-ed25519 ", "ecdsa-sha2-nistp256 "),
        good.replace("ssh-ed25519 ", "ssh-mldsa "),
        good[..good.len() - 4].to_owned(),
        format!("{good}="),
        line(ed25519, &[name, &small]),
        line(ed25519, &[name, &base, b""]),
        line(ed25519, &[name, &base[..31]]),
        line(ed25519, &[name]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &[0; 300]]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &[]]),
        line("ssh-rsa", &[b"ssh-rsa", &[1], &[7; 256]]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &[6; 256]]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &[0x87; 256]]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &[7; 256], b""]),
        line("ssh-rsa", &[b"ssh-rsa", &[3], &rsa_modulus(256)[1..]]),
        format!("{good} {}", "x".repeat(10_000)),
    ] {
        let refused = Recipient::from_openssh(&line).expect_err(&line);
        assert_eq!(refused, BadRecipient::NotAKey, "{line}");
    }
}

/// A line with a public key made of these strings.
fn line(kind: &str, fields: &[&[u8]]) -> String {
    use base64::Engine as _;
    let mut blob = Vec::new();
    for field in fields {
        blob.extend(u32::try_from(field.len()).expect("short").to_be_bytes());
        blob.extend(*field);
    }
    format!("{kind} {}", base64::prelude::BASE64_STANDARD.encode(blob))
}
