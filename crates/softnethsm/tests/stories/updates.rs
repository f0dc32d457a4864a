//! Updates: taken in when they are signed, and never installed.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use nethsm::client::Error;
use softnethsm::{Device, Server};

use crate::device::{Desk, set_up};

/// Who makes updates.
struct Maker(RsaKeyPair);

impl Maker {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    fn public_pem(&self) -> String {
        let der = self.0.public_key().as_der().expect("DER");
        let text = base64::prelude::BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("text"))
            .collect();
        let body = lines.join("\n");
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    fn update(&self, version: &str, blocks: u32) -> Vec<u8> {
        let field = |octets: &[u8]| {
            let length = u32::try_from(octets.len()).expect("short").to_be_bytes();
            [&length[1..], octets].concat()
        };
        let image = vec![0x5a; usize::try_from(blocks).expect("few") * 512];
        let signed = [
            field(b"What is new: nothing."),
            field(version.as_bytes()),
            blocks.to_be_bytes().to_vec(),
            image,
        ]
        .concat();
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                &signed,
                &mut signature,
            )
            .expect("signed");
        [b"_NETHSM_UPDATE_\0".as_slice(), &field(&signature), &signed].concat()
    }
}

fn desk(maker: &Maker) -> Desk {
    let folder = tempfile::tempdir().expect("a folder");
    let device = Device::open(folder.path()).expect("a device");
    let device = device
        .with_update_key(maker.public_pem().as_bytes())
        .expect("a key");
    let server = Server::start(device, "127.0.0.1:0", None).expect("a server");
    let desk = Desk { server, folder };
    set_up(&desk.client());
    desk
}

fn is_missing(refused: &Result<(), Error>) -> bool {
    matches!(refused, Err(Error::Refused { status: 412, message })
        if message.starts_with("No update available."))
}

#[test]
fn an_update_waits_to_be_committed_or_cancelled() {
    let maker = Maker::new();
    let desk = desk(&maker);
    let admin = desk.admin();
    assert!(is_missing(&admin.commit_update()));
    assert!(is_missing(&admin.cancel_update()));
    // Larger than what may be in memory.
    let update = maker.update("5.1", 6000);
    let notes = admin.update(&mut update.as_slice()).expect("taken");
    assert_eq!(notes.release_notes, "What is new: nothing.");
    let second = admin.update(&mut update.as_slice());
    assert!(matches!(second, Err(Error::Conflict { .. })));
    admin.cancel_update().expect("cancelled");
    assert!(is_missing(&admin.cancel_update()));
    admin.update(&mut update.as_slice()).expect("taken");
    admin.commit_update().expect("committed");
    // Nothing was installed, but the device has started anew.
    assert_eq!(
        desk.client().state().expect("a state"),
        nethsm::system::SystemState::Locked
    );
}

#[test]
fn only_whole_signed_and_newer_updates_are_taken() {
    let maker = Maker::new();
    let desk = desk(&maker);
    let admin = desk.admin();
    let good = maker.update("5.0", 2);
    let older = admin.update(&mut maker.update("4.9", 2).as_slice());
    assert!(matches!(older, Err(Error::Conflict { .. })));
    let changed = |place: usize| {
        let mut update = good.clone();
        update[place] ^= 1;
        update
    };
    let more = [good.as_slice(), b"x"].concat();
    for bad in [
        b"".to_vec(),
        good[..good.len() - 1].to_vec(),
        more,
        changed(2),
        changed(30),
        changed(good.len() - 1),
        Maker::new().update("5.1", 2),
    ] {
        let refused = admin.update(&mut bad.as_slice());
        assert!(matches!(refused, Err(Error::BadRequest { .. })));
    }
    admin.update(&mut good.as_slice()).expect("taken");
}

#[test]
fn a_device_without_a_key_takes_no_update() {
    let desk = Desk::at_work();
    let update = Maker::new().update("5.1", 1);
    let refused = desk.admin().update(&mut update.as_slice());
    assert!(matches!(refused, Err(Error::BadRequest { .. })));
}
