//! Decryption of what `openssl` encrypted, and encryption that it decrypts.

use nethsm::id::KeyId;
use nethsm::key::{
    DecryptMode, DecryptRequest, EncryptMode, EncryptRequest, GenerateKey, KeyMechanism, KeyType,
    PrivateKeyData,
};
use nethsm::octets::SecretOctets;

use super::import;
use super::openssl::OpenSsl;
use crate::device::Desk;

const PLAIN: &[u8] = b"some octets";

/// Mode, mechanism, the options of OpenSSL, and the bytes that the padding takes.
const MODES: [(DecryptMode, KeyMechanism, &str, usize); 7] = [
    (
        DecryptMode::Pkcs1,
        KeyMechanism::RsaDecryptionPkcs1,
        "pkcs1",
        11,
    ),
    (
        DecryptMode::OaepMd5,
        KeyMechanism::RsaDecryptionOaepMd5,
        "md5",
        34,
    ),
    (
        DecryptMode::OaepSha1,
        KeyMechanism::RsaDecryptionOaepSha1,
        "sha1",
        42,
    ),
    (
        DecryptMode::OaepSha224,
        KeyMechanism::RsaDecryptionOaepSha224,
        "sha224",
        58,
    ),
    (
        DecryptMode::OaepSha256,
        KeyMechanism::RsaDecryptionOaepSha256,
        "sha256",
        66,
    ),
    (
        DecryptMode::OaepSha384,
        KeyMechanism::RsaDecryptionOaepSha384,
        "sha384",
        98,
    ),
    (
        DecryptMode::OaepSha512,
        KeyMechanism::RsaDecryptionOaepSha512,
        "sha512",
        130,
    ),
];

fn decrypt(
    desk: &Desk,
    key: &KeyId,
    mode: DecryptMode,
    encrypted: &[u8],
    iv: Option<[u8; 16]>,
) -> Result<Vec<u8>, String> {
    let wish = DecryptRequest {
        mode,
        encrypted: encrypted.to_vec().into(),
        iv: iv.map(|iv| iv.to_vec().into()),
    };
    match desk.operator().decrypt(key, &wish) {
        Ok(plain) => Ok(plain.expose().to_vec()),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn fails(outcome: Result<Vec<u8>, String>) -> bool {
    outcome.is_err_and(|refusal| refusal.contains("Decryption failure"))
}

#[test]
fn rsa_decrypts_what_openssl_encrypted() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    for bits in [1024, 1030, 2048, 2049] {
        let size = usize::try_from(bits / 8).expect("small") + usize::from(bits % 8 != 0);
        let mut wish = GenerateKey::new(
            KeyType::Rsa,
            MODES.iter().map(|(_, mechanism, ..)| *mechanism).collect(),
        );
        wish.length = Some(bits);
        wish.mechanisms.push(KeyMechanism::RsaDecryptionRaw);
        let key = desk.admin().generate_key(&wish).expect("made");
        openssl.put("public.pem", desk.operator().public_pem(&key).expect("PEM"));
        for (mode, _, name, taken) in MODES {
            let Some(most) = size.checked_sub(taken) else {
                continue;
            };
            let options = match name {
                "pkcs1" => "-pkeyopt rsa_padding_mode:pkcs1".to_owned(),
                hash => format!(
                    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{hash} \
                     -pkeyopt rsa_mgf1_md:{hash}"
                ),
            };
            for plain in [&PLAIN[..most.min(PLAIN.len())], &[], &vec![1; most]] {
                let encrypted = openssl.put("plain", plain).run(&format!(
                    "pkeyutl -encrypt -pubin -inkey public.pem -in plain {options}"
                ));
                let whole = decrypt(&desk, &key, mode, &encrypted, None);
                assert_eq!(whole.expect("decrypted"), plain, "{bits} {name}");
                let mut changed = encrypted.clone();
                changed[size / 2] ^= 1;
                assert!(fails(decrypt(&desk, &key, mode, &changed, None)), "{name}");
                let short = &encrypted[1..];
                assert!(fails(decrypt(&desk, &key, mode, short, None)), "{name}");
            }
        }
        raw(&desk, &openssl, &key, size);
    }
}

fn raw(desk: &Desk, openssl: &OpenSsl, key: &KeyId, size: usize) {
    let plain = [vec![0; 2], vec![0x5a; size - 2]].concat();
    let encrypted = openssl
        .put("plain", &plain)
        .run("pkeyutl -encrypt -pubin -inkey public.pem -in plain -pkeyopt rsa_padding_mode:none");
    let mode = DecryptMode::Raw;
    let whole = decrypt(desk, key, mode, &encrypted, None);
    assert_eq!(whole.expect("decrypted"), plain, "with its zeros");
    for octets in [vec![], vec![1], vec![1; size + 1], vec![0xff; size]] {
        assert!(fails(decrypt(desk, key, mode, &octets, None)));
    }
}

fn encrypt(
    desk: &Desk,
    key: &KeyId,
    message: &[u8],
    iv: Option<[u8; 16]>,
) -> Result<(Vec<u8>, Vec<u8>), String> {
    let wish = EncryptRequest {
        mode: EncryptMode::AesCbc,
        message: SecretOctets::new(message.to_vec()),
        iv: iv.map(|iv| iv.to_vec().into()),
    };
    match desk.operator().encrypt(key, &wish) {
        Ok(done) => Ok((done.encrypted.0, done.iv.0)),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn generic(desk: &Desk, octets: &[u8]) -> KeyId {
    let wish = nethsm::key::ImportKey {
        mechanisms: vec![
            KeyMechanism::AesEncryptionCbc,
            KeyMechanism::AesDecryptionCbc,
        ],
        key_type: KeyType::Generic,
        private: PrivateKeyData::plain(SecretOctets::new(octets.to_vec())),
        restrictions: nethsm::key::Restrictions::default(),
        label: nethsm::key::KeyLabel::default(),
    };
    desk.admin().add_key(&wish).expect("imported")
}

#[test]
fn aes_encrypts_as_openssl_does() {
    let desk = Desk::at_work();
    let openssl = OpenSsl::new();
    let iv = [9; 16];
    for length in [16, 24, 32] {
        let octets: Vec<u8> = (1..=length).collect();
        let key = generic(&desk, &octets);
        for blocks in [1, 2, 100] {
            let message = vec![0x61; 16 * blocks];
            let (encrypted, own) = encrypt(&desk, &key, &message, Some(iv)).expect("encrypted");
            assert_eq!(own, iv);
            let theirs = openssl.put("message", &message).run(&format!(
                "enc -aes-{}-cbc -nopad -K {} -iv {} -in message",
                8 * u32::from(length),
                hex::encode(&octets),
                hex::encode(iv),
            ));
            assert_eq!(encrypted, theirs);
            let mode = DecryptMode::AesCbc;
            let plain = decrypt(&desk, &key, mode, &encrypted, Some(iv));
            assert_eq!(plain.expect("decrypted"), message);
        }
        let (nothing, _) = encrypt(&desk, &key, b"", Some(iv)).expect("encrypted");
        assert!(nothing.is_empty());
        let (_, first) = encrypt(&desk, &key, &[7; 16], None).expect("encrypted");
        let (_, second) = encrypt(&desk, &key, &[7; 16], None).expect("encrypted");
        assert_ne!(first, second, "a random vector");
        let shown = desk.operator().key(&key).expect("shown");
        assert_eq!(shown.operations, 9);
        assert_eq!((shown.key_type, shown.public), (KeyType::Generic, None));
        assert!(desk.operator().public_pem(&key).is_err());
    }
}

#[test]
fn generic_keys_of_any_length_fail_when_they_are_used() {
    let desk = Desk::at_work();
    for bits in [128, 129, 256, 8192] {
        let mut wish = GenerateKey::new(KeyType::Generic, vec![KeyMechanism::AesEncryptionCbc]);
        wish.length = Some(bits);
        let key = desk.admin().generate_key(&wish).expect("made");
        let bytes = bits.div_ceil(8);
        match encrypt(&desk, &key, &[7; 16], None) {
            Ok(_) => assert!([16, 32].contains(&bytes)),
            Err(refusal) => assert!(refusal.contains(&format!("key length {bytes}"))),
        }
    }
    for bits in [0, 127, 8193] {
        let mut wish = GenerateKey::new(KeyType::Generic, vec![KeyMechanism::AesEncryptionCbc]);
        wish.length = Some(bits);
        desk.admin().generate_key(&wish).expect_err("refused");
    }
    let empty = generic(&desk, b"");
    assert!(encrypt(&desk, &empty, &[7; 16], None).is_err());
}

#[test]
fn generic_keys_survive_a_restart() {
    let desk = Desk::at_work();
    let key = generic(&desk, &[3; 32]);
    let curve = import(
        &desk,
        KeyType::BrainpoolP512,
        KeyMechanism::EcdsaSignature,
        PrivateKeyData::plain(SecretOctets::new(vec![5; 64])),
    );
    let before = encrypt(&desk, &key, &[7; 32], Some([1; 16])).expect("encrypted");
    let public = desk.operator().public_pem(&curve).expect("PEM");
    let desk = desk.restarted();
    desk.client()
        .unlock(crate::device::passphrase(crate::device::UNLOCK))
        .expect("unlocked");
    let after = encrypt(&desk, &key, &[7; 32], Some([1; 16])).expect("encrypted");
    assert_eq!(before, after);
    assert_eq!(desk.operator().public_pem(&curve).expect("PEM"), public);
}

#[test]
fn messages_may_be_larger_than_other_questions() {
    let desk = Desk::at_work();
    let key = generic(&desk, &[3; 32]);
    let message = vec![0x20; 3 << 20];
    let (encrypted, iv) = encrypt(&desk, &key, &message, None).expect("encrypted");
    let iv = iv.try_into().expect("16 octets");
    let plain = decrypt(&desk, &key, DecryptMode::AesCbc, &encrypted, Some(iv));
    assert!(plain.expect("decrypted") == message);

    let question = desk.ask("PUT", "/api/v1/keys/large");
    let question = question.by(&format!("admin:{}", crate::device::ADMIN));
    let question = question.header("Content-Type", "application/json");
    assert_eq!(question.send(&vec![b' '; (1 << 20) + 1]).status, 413);
}
