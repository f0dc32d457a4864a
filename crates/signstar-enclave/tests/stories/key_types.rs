//! Signatures of every type of key, as users check them.

use std::fs;

use signstar_enclave::{HsmKind, KeyType};

use crate::story::{GnuPg, Story, other_verdicts, packagers, signature};

/// One more than the octets that `repo-add` takes of a signature.
const TOO_LARGE: u64 = 16_384;

#[test]
fn users_accept_a_signature_of_every_type_of_key() {
    users_accept(HsmKind::SoftNetHsm);
}

#[test]
fn users_accept_a_signature_of_every_type_of_key_on_a_token() {
    users_accept(HsmKind::SoftHsm2);
}

#[test]
fn users_accept_a_signature_of_every_type_of_key_in_a_yubihsm2() {
    users_accept(HsmKind::YubiHsmMock);
}

fn users_accept(hsm: HsmKind) {
    let clients = KeyType::ALL.map(|key_type| (key_type.as_str(), key_type));
    let Some(story) = Story::on(hsm, packagers(&clients)) else {
        return;
    };
    for (client, _) in clients {
        let file = story.file(client, format!("signed with {client}\n"));
        story.send(client, &[&file]).expect(0);

        let octets = fs::read(signature(&file)).expect("a signature");
        assert!(u64::try_from(octets.len()).expect("small") < TOO_LARGE);
        // RFC 9580 §4.2: the first bit of a packet is set; in ASCII armor none is.
        assert!(octets[0] & 0x80 != 0, "{client}: not binary");

        let certificate = story.certificate(client);
        let gpg = GnuPg::knowing(&[&certificate]);
        gpg.verify(&file).expect("gpg accepts");
        for (program, verdict) in other_verdicts(&file, &certificate) {
            assert_eq!(verdict.code, Some(0), "{program} on {client}: {verdict:#?}");
        }
    }
}

#[test]
fn a_tampered_file_is_refused() {
    let clients = [
        ("ed25519", KeyType::Curve25519),
        ("ecdsa", KeyType::EcP256),
        ("rsa", KeyType::Rsa2048),
    ];
    let story = Story::with_clients(&clients);
    for (client, _) in clients {
        let file = story.file(client, "one octet of this will change");
        story.send(client, &[&file]).expect(0);
        story.file(client, "one octet of this will chance");

        let certificate = story.certificate(client);
        let refused = GnuPg::knowing(&[&certificate]).verify(&file);
        refused
            .expect_err("gpg refuses")
            .expect_complaint("BAD signature");
        for (program, verdict) in other_verdicts(&file, &certificate) {
            assert_ne!(verdict.code, Some(0), "{program} on {client}: {verdict:#?}");
        }
        story.check(client, &[&file]).expect(5);
    }
}
