//! What lies on the disk: sealed, bound to its place, and never trusted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nethsm::client::Error;
use nethsm::id::KeyId;
use nethsm::key::{ImportKey, KeyLabel, KeyMechanism, KeyType, PrivateKeyData, Restrictions};
use nethsm::octets::SecretOctets;
use softnethsm::Device;

use crate::device::{ADMIN, Desk, OPERATOR, UNLOCK, passphrase};

const SEED: [u8; 32] = *b"a seed that is easy to find: yes";

fn put_key(desk: &Desk) {
    let wish = ImportKey {
        mechanisms: vec![KeyMechanism::EdDsaSignature],
        key_type: KeyType::Curve25519,
        private: PrivateKeyData::plain(SecretOctets::new(SEED.to_vec())),
        restrictions: Restrictions::default(),
        label: KeyLabel::default(),
    };
    let id: KeyId = "k".parse().expect("a name");
    desk.admin().put_key(&id, &wish).expect("imported");
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"));
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().expect("text");
            (name, fs::read(entry.path()).expect("read"))
        })
        .collect()
}

fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn no_secret_lies_open() {
    let desk = Desk::at_work();
    put_key(&desk);
    desk.operator().random(1).expect("logged in");
    let Desk { server, folder } = desk;
    server.stop().expect("stopped");
    for (name, octets) in files(folder.path()) {
        for secret in [
            UNLOCK.as_bytes(),
            ADMIN.as_bytes(),
            OPERATOR.as_bytes(),
            &SEED,
        ] {
            assert!(!holds(&octets, secret), "{name}");
        }
        let mode = fs::metadata(folder.path().join(&name))
            .expect("a file")
            .permissions()
            .mode();
        if name == "device.key" || name == "tls-key.pem" {
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    assert_eq!(
        fs::metadata(folder.path().join("device.key"))
            .expect("a file")
            .len(),
        32
    );
}

/// Opens a damaged folder, unlocks it and reads everything. Errors are fine, panics and wrong
/// answers are not.
fn probe(folder: &Path) {
    let Ok(device) = Device::open(folder) else {
        return;
    };
    let server = softnethsm::Server::start(device, "127.0.0.1:0", None).expect("a server");
    let client = crate::device::client(folder, server.address().port());
    if client.unlock(passphrase(UNLOCK)).is_ok() {
        let admin = crate::device::login(&client, "admin", ADMIN);
        match admin.key(&"k".parse().expect("a name")) {
            Ok(key) => assert_eq!(key.mechanisms, [KeyMechanism::EdDsaSignature]),
            Err(error) => assert!(!matches!(error, Error::Unreachable { .. }), "{error}"),
        }
    }
    server.stop().ok();
}

#[test]
fn a_damaged_store_is_an_error_and_no_crash() {
    let desk = Desk::at_work();
    put_key(&desk);
    let Desk { server, folder } = desk;
    server.stop().expect("stopped");
    let store = folder.path().join("store.redb");
    let whole = fs::read(&store).expect("read");

    // Wherever there is something in the file.
    let used: Vec<usize> = (0..whole.len())
        .filter(|index| whole[*index] != 0)
        .collect();
    for step in 0..12 {
        let mut damaged = whole.clone();
        damaged[used[step * used.len() / 12]] ^= 0x10;
        fs::write(&store, &damaged).expect("written");
        probe(folder.path());
    }
    for length in [0, 1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&store, &whole[..length]).expect("written");
        let refused = Device::open(folder.path());
        if length < 4096 {
            let error = refused.expect_err("refused");
            assert!(error.to_string().contains("damaged"), "{length}: {error}");
        }
    }
    fs::remove_file(&store).expect("removed");
    let error = Device::open(folder.path()).expect_err("a missing store is no new device");
    assert!(error.to_string().contains("missing"), "{error}");

    fs::write(&store, &whole).expect("written");
    Device::open(folder.path()).expect("whole again");
}

#[test]
fn another_device_key_opens_nothing() {
    let desk = Desk::at_work();
    let Desk { server, folder } = desk;
    server.stop().expect("stopped");
    let path = folder.path().join("device.key");
    let key = fs::read(&path).expect("read");
    let mut other = key.clone();
    other[7] ^= 1;
    for wrong in [other.as_slice(), &key[..31], b""] {
        fs::write(&path, wrong).expect("written");
        let error = Device::open(folder.path()).expect_err("refused");
        assert!(
            error.to_string().contains("device.key is damaged"),
            "{error}"
        );
    }
    fs::remove_file(&path).expect("removed");
    let error = Device::open(folder.path()).expect_err("refused");
    assert!(
        error.to_string().contains("device.key is damaged"),
        "{error}"
    );
    fs::write(&path, &key).expect("written");
    Device::open(folder.path()).expect("the right one");
}

#[test]
fn the_wrong_unlock_passphrase_opens_nothing() {
    let desk = Desk::at_work();
    desk.admin().lock().expect("locked");
    let wrong = desk.client().unlock(passphrase("wrong wrong wrong"));
    assert!(matches!(wrong, Err(Error::Forbidden { .. })), "{wrong:?}");
}
