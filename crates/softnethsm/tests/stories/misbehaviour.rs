//! Misbehaviour on request: sign requests only, everything else as it should be.

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use nethsm::client::Error;
use nethsm::key::{GenerateKey, KeyMechanism, KeyType, PublicKeyData, SignMode, SignRequest};

use crate::device::{ADMIN, OPERATOR, Process, UNLOCK, client, login, passphrase, set_up};

#[test]
fn sign_requests_are_answered_as_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &[]);
    let device = client(folder.path(), process.port);
    set_up(&device);
    let wish = GenerateKey::new(KeyType::Curve25519, vec![KeyMechanism::EdDsaSignature]);
    let key = login(&device, "admin", ADMIN)
        .generate_key(&wish)
        .expect("made");
    assert_eq!(process.terminate(), Some(0));

    for kind in [
        "latency:300",
        "wrong-signature",
        "garbage",
        "endless",
        "drop",
        "error",
    ] {
        let process = Process::start(folder.path(), &["--misbehave", kind]);
        let device = client(folder.path(), process.port);
        device.unlock(passphrase(UNLOCK)).expect("unlocked");
        let operator = login(&device, "operator", OPERATOR);
        let Some(PublicKeyData::Point { data }) = operator.key(&key).expect("shown").public else {
            panic!("an Ed25519 key");
        };
        let before = Instant::now();
        let wish = SignRequest {
            mode: SignMode::EdDsa,
            message: b"x".to_vec().into(),
        };
        let answer = operator.sign(&key, &wish);
        let is_right = |signature: &[u8]| {
            UnparsedPublicKey::new(&ED25519, &data.0)
                .verify(b"x", signature)
                .is_ok()
        };
        match (kind, answer) {
            ("latency:300", Ok(signature)) => {
                assert!(is_right(&signature));
                assert!(before.elapsed() >= Duration::from_millis(300));
            }
            ("wrong-signature", Ok(signature)) => assert!(!is_right(&signature)),
            ("garbage" | "endless" | "drop" | "error", Err(error)) => {
                assert!(!matches!(error, Error::Unauthorized), "{kind}: {error}");
            }
            (kind, answer) => panic!("{kind}: {answer:?}"),
        }
        assert_eq!(process.terminate(), Some(0));
    }
}
