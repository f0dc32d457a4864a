//! Questions and answers as the device itself writes them.

use nethsm::body::{BadBody, Body, Refusal};
use nethsm::id::{Created, KeyId, UserId};
use nethsm::key::{
    GenerateKey, ImportKey, KeyItem, KeyLabel, KeyMechanism, KeyType, PrivateKeyData, PublicKey,
    PublicKeyData, Restrictions, SignMode, SignRequest, Signature,
};
use nethsm::namespace::NamespaceItem;
use nethsm::octets::{Octets, SecretOctets};
use nethsm::passphrase::{BadPassphrase, Credentials, Passphrase};
use nethsm::system::{
    Health, Info, NewUnlockPassphrase, Provision, RandomRequest, SystemInfo, SystemState,
    UnattendedBoot,
};
use nethsm::time::{BadTime, DeviceTime};
use nethsm::user::{NewUser, User, UserItem, UserRole};

/// Reads an answer and writes it again: it must be what it was, byte for byte.
fn same<T: Body>(text: &str) -> T {
    let value = T::from_bytes(text.as_bytes()).expect(text);
    let written = value.to_bytes().expect("writable");
    assert_eq!(std::str::from_utf8(&written), Ok(text));
    value
}

fn text(body: &impl Body) -> String {
    String::from_utf8(body.to_bytes().expect("writable").to_vec()).expect("UTF-8")
}

fn reads<T: Body>(text: &str) -> Result<(), String> {
    match T::from_bytes(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(BadBody::Json(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn answers_are_read_and_written_as_the_device_writes_them() {
    same::<Info>(r#"{"vendor":"Nitrokey GmbH","product":"NetHSM"}"#);
    let health = same::<Health>(r#"{"state":"Unprovisioned"}"#);
    assert_eq!(health.state, SystemState::Unprovisioned);
    same::<Refusal>(r#"{"message":"Service not available"}"#);
    let user = same::<User>(r#"{"realName":"op","role":"Operator"}"#);
    assert_eq!(user.role, UserRole::Operator);
    same::<Vec<UserItem>>(r#"[{"user":"ns1~nadmin"},{"user":"u.x-y_z"}]"#);
    same::<Vec<NamespaceItem>>(r#"[{"id":"ns1"}]"#);
    same::<Vec<KeyItem>>(r#"[{"id":"nk"}]"#);
    same::<Vec<String>>(r#"["aachen","berlin"]"#);
    same::<Created<KeyId>>(r#"{"id":"gp521"}"#);
    same::<Created<UserId>>(r#"{"id":"ns1~0a1b"}"#);
    same::<UnattendedBoot>(r#"{"status":"on"}"#);
    same::<SystemInfo>(concat!(
        r#"{"softwareVersion":"5.0","softwareBuild":"v5.0-0-g0","firmwareVersion":"N/A","#,
        r#""hardwareVersion":"N/A","deviceId":"0000000000","#,
        r#""akPub":{"P256":"AAEC","P384":"AwQF"},"pcr":{"0":"0f60","2":"2b0d"}}"#,
    ));
    let signature = same::<Signature>(
        r#"{"signature":"n1BnnCNVUmQvoPrEioUH0zMNXOdwjL/dQidTFhV9RPwiBuiCIrOB66xoDSNKVn4YShCaq5OR7N2DpveFV05XBw=="}"#,
    );
    assert_eq!(signature.signature.0.len(), 64);
}

#[test]
fn a_key_has_its_members_in_the_order_of_the_device_and_no_defaults() {
    let key = same::<PublicKey>(concat!(
        r#"{"mechanisms":["EdDSA_Signature"],"type":"Curve25519","operations":5,"#,
        r#""public":{"data":"htnjTKRUz3XnLys5YD2+bKvzXZuu9cvXKwsCnWdzR+4="},"#,
        r#""restrictions":{},"label":"L1"}"#,
    ));
    assert_eq!(key.key_type, KeyType::Curve25519);
    assert_eq!(key.operations, 5);
    assert_eq!(key.label.as_str(), "L1");
    let Some(PublicKeyData::Point { data }) = key.public else {
        panic!("a point is expected");
    };
    assert_eq!(data.0.len(), 32);

    let rsa = same::<PublicKey>(concat!(
        r#"{"mechanisms":["RSA_Decryption_RAW","RSA_Signature_PKCS1"],"type":"RSA","#,
        r#""operations":0,"public":{"modulus":"x7gh","publicExponent":"AQAB"},"#,
        r#""restrictions":{"tags":["berlin"]}}"#,
    ));
    assert_eq!(rsa.restrictions.tags, ["berlin"]);
    assert!(matches!(rsa.public, Some(PublicKeyData::Rsa { .. })));

    let generic = same::<PublicKey>(
        r#"{"mechanisms":["AES_Encryption_CBC"],"type":"Generic","operations":0,"restrictions":{}}"#,
    );
    assert_eq!(generic.public, None);
}

#[test]
fn older_and_newer_devices_are_understood() {
    reads::<SystemInfo>(r#"{"softwareVersion":"1.0","firmwareVersion":"x","hardwareVersion":"y"}"#)
        .expect("members of later versions may be missing");
    reads::<User>(r#"{"realName":"u","role":"Operator","shoeSize":43}"#)
        .expect("members of versions to come may be there");
}

#[test]
fn questions_leave_defaults_out() {
    let mut question = GenerateKey::new(KeyType::EcP521, vec![KeyMechanism::EcdsaSignature]);
    assert_eq!(
        text(&question),
        r#"{"mechanisms":["ECDSA_Signature"],"type":"EC_P521"}"#
    );
    question.id = "gp521".parse().ok();
    question.length = Some(521);
    question.restrictions = Restrictions {
        tags: vec!["t1".to_owned()],
    };
    question.label = "a label ✓".parse().expect("short enough");
    let written = text(&question);
    assert_eq!(
        written,
        concat!(
            r#"{"mechanisms":["ECDSA_Signature"],"type":"EC_P521","length":521,"id":"gp521","#,
            r#""restrictions":{"tags":["t1"]},"label":"a label ✓"}"#,
        )
    );
    assert_eq!(
        GenerateKey::from_bytes(written.as_bytes()).expect("readable"),
        question
    );
}

#[test]
fn an_empty_key_name_is_one_to_be_made_up() {
    let question = br#"{"mechanisms":["EdDSA_Signature"],"type":"Curve25519","id":""}"#;
    assert_eq!(GenerateKey::from_bytes(question).expect("good").id, None);
}

#[test]
fn a_bad_name_is_refused_in_the_words_of_the_device() {
    let bad = |id: &str| {
        let question =
            format!(r#"{{"mechanisms":["EdDSA_Signature"],"type":"Curve25519","id":"{id}"}}"#);
        let question: serde_json::Value = serde_json::from_str(&question).expect("JSON");
        let error = serde_json::from_value::<GenerateKey>(question).expect_err("bad");
        error.to_string()
    };
    assert_eq!(
        bad("a b"),
        "ID may only contain alphanumeric characters, underscores, dashes, and dots."
    );
    assert_eq!(bad(".a"), "ID cannot start with underscore, dash, or dot.");
}

#[test]
fn questions_with_unknown_members_or_trailing_bytes_are_refused() {
    let good = r#"{"mode":"EdDSA","message":"YQ=="}"#;
    reads::<SignRequest>(good).expect("good");
    for bad in [
        r#"{"mode":"EdDSA","message":"YQ==","foo":1}"#,
        r#"{"mode":"FOO","message":"YQ=="}"#,
        r#"{"mode":"EdDSA"}"#,
        r#"{"mode":"EdDSA","message":"YQ=="} x"#,
        r#"{"mode":"EdDSA","message":"YQ==","message":"YQ=="}"#,
        "null",
        "",
    ] {
        reads::<SignRequest>(bad).expect_err(bad);
    }
    reads::<RandomRequest>(r#"{"length":5.0}"#).expect_err("no integer");
    reads::<NewUser>(r#"{"realName":"u","role":"Operator","passphrase":"0123456789","x":1}"#)
        .expect_err("unknown member");
    reads::<UnattendedBoot>(r#"{"status":"maybe"}"#).expect_err("neither on nor off");
    reads::<KeyLabelIn>(&format!(
        r#"{{"mechanisms":[],"type":"RSA","label":"{}"}}"#,
        "x".repeat(33)
    ))
    .expect_err("too long");
}

type KeyLabelIn = GenerateKey;

#[test]
fn labels_have_at_most_32_bytes() {
    assert!("x".repeat(32).parse::<KeyLabel>().is_ok());
    assert!("x".repeat(33).parse::<KeyLabel>().is_err());
    assert!("ü".repeat(17).parse::<KeyLabel>().is_err());
}

#[test]
fn base64_is_that_of_the_device() {
    let message = |base64: &str| {
        let question = format!(r#"{{"mode":"ECDSA","message":"{base64}"}}"#);
        SignRequest::from_bytes(question.as_bytes()).map(|question| question.message.0)
    };
    assert_eq!(message("aGVsbG8=").expect("good"), b"hello");
    assert_eq!(
        message(r"aGVs\nbG8=\n").expect("line feeds do not count"),
        b"hello"
    );
    assert_eq!(
        message("aGVsbG9=").expect("trailing bits do not count"),
        b"hello"
    );
    assert_eq!(message("").expect("nothing is fine"), b"");
    for bad in ["aGVsbG8", "aGVsbG8==", "_-8=", "a", "aGVs bG8="] {
        assert!(message(bad).is_err(), "{bad}");
    }
}

#[test]
fn times_are_in_utc_to_the_second() {
    let time = |text: &str| text.parse::<DeviceTime>().map(|time| time.to_string());
    let good = Ok("2026-11-22T18:11:29Z".to_owned());
    assert_eq!(time("2026-11-22T18:11:29Z"), good);
    assert_eq!(time("2026-11-22T18:11:29+00:00"), good);
    assert_eq!(time("2026-11-22T18:11:29.75Z"), good);
    assert_eq!(time("2026-01-01T00:00:00+01:00"), Err(BadTime::Offset));
    for bad in [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T18:11:29",
        "2026-11-22T18:11:29Z[UTC]",
    ] {
        assert_eq!(time(bad), Err(BadTime::Format), "{bad}");
    }
}

fn secret() -> Passphrase {
    Passphrase::fresh("correct horse".to_owned()).expect("long enough")
}

#[test]
fn passphrases_travel_but_do_not_show() {
    let provision = Provision {
        unlock_passphrase: secret(),
        admin_passphrase: secret(),
        system_time: "2026-11-22T18:11:29Z".parse().expect("a time"),
    };
    assert_eq!(
        text(&provision),
        concat!(
            r#"{"unlockPassphrase":"correct horse","adminPassphrase":"correct horse","#,
            r#""systemTime":"2026-11-22T18:11:29Z"}"#,
        )
    );
    let change = NewUnlockPassphrase {
        new_passphrase: secret(),
        current_passphrase: Passphrase::new(String::new()),
    };
    assert_eq!(
        text(&change),
        r#"{"newPassphrase":"correct horse","currentPassphrase":""}"#
    );
    let import = ImportKey {
        mechanisms: vec![KeyMechanism::EdDsaSignature],
        key_type: KeyType::Curve25519,
        private: PrivateKeyData::plain(SecretOctets::new(b"horse".to_vec())),
        restrictions: Restrictions::default(),
        label: KeyLabel::default(),
    };
    assert_eq!(
        text(&import),
        r#"{"mechanisms":["EdDSA_Signature"],"type":"Curve25519","private":{"data":"aG9yc2U="}}"#
    );
    let credentials = Credentials::new("operator".parse().expect("a name"), secret());
    let shown = format!("{provision:?} {change:?} {import:?} {credentials:?}");
    assert!(!shown.contains("horse"), "{shown}");
    assert!(!shown.contains("104, 111"), "{shown}");
}

#[test]
fn a_new_passphrase_has_10_to_200_bytes() {
    let fresh =
        |length| Passphrase::fresh("x".repeat(length)).map(|passphrase| passphrase.expose().len());
    assert_eq!(fresh(9), Err(BadPassphrase));
    assert_eq!(fresh(10), Ok(10));
    assert_eq!(fresh(200), Ok(200));
    assert_eq!(fresh(201), Err(BadPassphrase));
    let short = NewUser::from_bytes(br#"{"realName":"u","role":"Operator","passphrase":"short"}"#)
        .expect("the length is judged later, so that the answer can be the device's");
    assert_eq!(short.passphrase.check(), Err(BadPassphrase));
}

#[test]
fn a_mistyped_secret_is_not_in_the_error() {
    let error = NewUser::from_bytes(br#"{"realName":"u","role":"horse battery","passphrase":"x"}"#)
        .expect_err("no role");
    assert!(!error.to_string().contains("horse"), "{error}");
    let error = serde_json::from_str::<SecretOctets>(r#""horse!""#).expect_err("no base64");
    assert!(!error.to_string().contains("horse"), "{error}");
}

#[test]
fn every_name_reads_as_it_is_written() {
    for mechanism in KeyMechanism::ALL {
        assert_eq!(mechanism.as_str().parse(), Ok(*mechanism));
        assert_eq!(
            serde_json::to_string(mechanism).expect("writable"),
            format!("\"{mechanism}\"")
        );
    }
    assert!("rsa".parse::<KeyType>().is_err());
}

#[test]
fn every_mode_needs_a_mechanism_that_some_key_can_have() {
    for mode in SignMode::ALL {
        let fitting: Vec<_> = KeyType::ALL
            .iter()
            .filter(|key_type| mode.mechanism().fits(**key_type))
            .collect();
        assert!(!fitting.is_empty(), "{mode}");
    }
    assert!(KeyMechanism::EcdsaSignature.fits(KeyType::EcP521));
    assert!(!KeyMechanism::EcdsaSignature.fits(KeyType::Curve25519));
    assert!(!KeyMechanism::RsaSignaturePkcs1.fits(KeyType::EcP256));
}

#[test]
fn octets_may_be_anything() {
    let all: Vec<u8> = (0..=255).collect();
    let written = serde_json::to_string(&Octets(all.clone())).expect("writable");
    let read: Octets = serde_json::from_str(&written).expect("readable");
    assert_eq!(read.0, all);
}
