//! What was answered survives `kill -9`.

use std::thread;
use std::time::Duration;

use nethsm::id::KeyId;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, SignMode, SignRequest};
use nethsm::system::SystemState;

use crate::device::{ADMIN, OPERATOR, Process, UNLOCK, client, login, passphrase, set_up};

fn ed25519(id: &KeyId) -> GenerateKey {
    let mut wish = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
    wish.id = Some(id.clone());
    wish
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    set_up(&device);

    // Several write at once, each until the connection breaks.
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let admin = login(&device, "admin", ADMIN);
            thread::spawn(move || {
                let mut answered = Vec::new();
                for number in 0.. {
                    let id: KeyId = format!("k{writer}-{number}").parse().expect("a name");
                    if admin.generate_key(&ed25519(&id)).is_err() {
                        break;
                    }
                    answered.push(id);
                }
                answered
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(400));
    process.kill();
    let answered: Vec<KeyId> = writers
        .into_iter()
        .flat_map(|writer| writer.join().expect("joined"))
        .collect();
    assert!(answered.len() > 3, "{} keys", answered.len());

    let process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    assert_eq!(device.state().expect("a state"), SystemState::Locked);
    device.unlock(passphrase(UNLOCK)).expect("unlocked");
    let admin = login(&device, "admin", ADMIN);
    let kept: Vec<KeyId> = admin.keys().expect("keys");
    for id in &answered {
        assert!(kept.contains(id), "{id} was answered and is lost");
    }
    for id in &kept {
        admin.key(id).expect("whole");
    }
}

#[test]
fn no_signature_goes_uncounted() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    set_up(&device);
    let id: KeyId = "k".parse().expect("a name");
    login(&device, "admin", ADMIN)
        .generate_key(&ed25519(&id))
        .expect("made");
    let operator = login(&device, "operator", OPERATOR);
    for _ in 0..50 {
        let wish = SignRequest {
            mode: SignMode::EdDsa,
            message: b"hello".to_vec().into(),
        };
        operator.sign(&id, &wish).expect("signed");
    }
    process.kill();

    let process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    device.unlock(passphrase(UNLOCK)).expect("unlocked");
    let key = login(&device, "operator", OPERATOR)
        .key(&id)
        .expect("shown");
    assert_eq!(key.operations, 50);
}
