//! Keys of every type, and signatures that somebody else verifies.

mod answers;
mod changes;
mod ciphers;
mod curves;
mod openssl;
mod paddings;
mod pem;
mod requests;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use nethsm::client::{Client, Error};
use nethsm::id::KeyId;
use nethsm::key::{
    GenerateKey, ImportKey, KeyLabel, KeyMechanism, KeyType, PrivateKeyData, PublicKeyData,
    Restrictions, SignMode, SignRequest,
};
use nethsm::octets::SecretOctets;

use crate::device::Desk;

const MESSAGE: &[u8] = b"a message";
const SHA256_INFO: &str = "3031300d060960864801650304020105000420";
const SHA512_INFO: &str = "3051300d060960864801650304020305000440";

fn generate(
    admin: &Client,
    key_type: KeyType,
    mechanism: KeyMechanism,
    bits: Option<u32>,
) -> KeyId {
    let mut wish = GenerateKey::new(key_type, vec![mechanism]);
    wish.length = bits;
    admin.generate_key(&wish).expect("made")
}

fn sign(desk: &Desk, key: &KeyId, mode: SignMode, message: &[u8]) -> Vec<u8> {
    let wish = SignRequest {
        mode,
        message: message.to_vec().into(),
    };
    desk.operator().sign(key, &wish).expect("signed")
}

fn point(desk: &Desk, key: &KeyId) -> Vec<u8> {
    match desk.operator().key(key).expect("shown").public {
        Some(PublicKeyData::Point { data }) => data.0,
        _ => panic!("a key with a point"),
    }
}

fn components(desk: &Desk, key: &KeyId) -> RsaPublicKeyComponents<Vec<u8>> {
    match desk.operator().key(key).expect("shown").public {
        Some(PublicKeyData::Rsa {
            modulus,
            public_exponent,
        }) => RsaPublicKeyComponents {
            n: modulus.0,
            e: public_exponent.0,
        },
        _ => panic!("an RSA key"),
    }
}

fn info(prefix: &str, digest: &[u8]) -> Vec<u8> {
    [hex::decode(prefix).expect("digits"), digest.to_vec()].concat()
}

#[test]
fn curves_sign_what_others_verify() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let key = generate(
        &admin,
        KeyType::Curve25519,
        KeyMechanism::EdDsaSignature,
        None,
    );
    let signature = sign(&desk, &key, SignMode::EdDsa, MESSAGE);
    UnparsedPublicKey::new(&ED25519, point(&desk, &key))
        .verify(MESSAGE, &signature)
        .expect("verified");

    let curves: [(KeyType, &'static dyn VerificationAlgorithm, _); 3] = [
        (
            KeyType::EcP256,
            &ECDSA_P256_SHA256_ASN1,
            digest(&SHA256, MESSAGE),
        ),
        (
            KeyType::EcP384,
            &ECDSA_P384_SHA384_ASN1,
            digest(&SHA384, MESSAGE),
        ),
        (
            KeyType::EcP521,
            &ECDSA_P521_SHA512_ASN1,
            digest(&SHA512, MESSAGE),
        ),
    ];
    for (key_type, algorithm, digest) in curves {
        let key = generate(&admin, key_type, KeyMechanism::EcdsaSignature, None);
        let signature = sign(&desk, &key, SignMode::Ecdsa, digest.as_ref());
        UnparsedPublicKey::new(algorithm, point(&desk, &key))
            .verify(MESSAGE, &signature)
            .expect("verified");
        let again = sign(&desk, &key, SignMode::Ecdsa, digest.as_ref());
        assert_ne!(signature, again, "random k");
    }
}

#[test]
fn rsa_signs_what_others_verify() {
    let desk = Desk::at_work();
    let admin = desk.admin();
    let sha256 = info(SHA256_INFO, digest(&SHA256, MESSAGE).as_ref());
    let sha512 = info(SHA512_INFO, digest(&SHA512, MESSAGE).as_ref());
    for bits in [2048, 3072, 2049] {
        let key = generate(
            &admin,
            KeyType::Rsa,
            KeyMechanism::RsaSignaturePkcs1,
            Some(bits),
        );
        let public = components(&desk, &key);
        assert_eq!(
            public.n.len(),
            usize::try_from(bits.div_ceil(8)).expect("small")
        );
        let signature = sign(&desk, &key, SignMode::Pkcs1, &sha256);
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signature)
            .expect("verified");
        let signature = sign(&desk, &key, SignMode::Pkcs1, &sha512);
        public
            .verify(&RSA_PKCS1_2048_8192_SHA512, MESSAGE, &signature)
            .expect("verified");
        assert_eq!(
            signature,
            sign(&desk, &key, SignMode::Pkcs1, &sha512),
            "deterministic"
        );
    }
    for bits in [1024, 1025, 1536] {
        let key = generate(
            &admin,
            KeyType::Rsa,
            KeyMechanism::RsaSignaturePkcs1,
            Some(bits),
        );
        let signature = sign(&desk, &key, SignMode::Pkcs1, &sha256);
        components(&desk, &key)
            .verify(
                &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                MESSAGE,
                &signature,
            )
            .expect("verified");
    }
    for bits in [2048, 2049] {
        let key = generate(
            &admin,
            KeyType::Rsa,
            KeyMechanism::RsaSignaturePssSha256,
            Some(bits),
        );
        let signature = sign(
            &desk,
            &key,
            SignMode::PssSha256,
            digest(&SHA256, MESSAGE).as_ref(),
        );
        components(&desk, &key)
            .verify(&RSA_PSS_2048_8192_SHA256, MESSAGE, &signature)
            .expect("verified");
    }
}

/// The public operation of RSA (RFC 8017 §5.2.2).
fn recovered(public: &RsaPublicKeyComponents<Vec<u8>>, signature: &[u8]) -> Vec<u8> {
    let number = BoxedUint::from_be_slice_vartime;
    let modulus = Odd::new(number(&public.n)).expect("odd");
    let params = BoxedMontyParams::new_vartime(modulus);
    let power = BoxedMontyForm::new(number(signature), &params).pow(&number(&public.e));
    power.retrieve().to_be_bytes().into_vec()
}

#[test]
fn any_octets_are_padded_and_no_more_than_fit() {
    let desk = Desk::at_work();
    let key = generate(
        &desk.admin(),
        KeyType::Rsa,
        KeyMechanism::RsaSignaturePkcs1,
        Some(2048),
    );
    let public = components(&desk, &key);
    for length in [0, 1, 35, 245] {
        let octets = vec![b'a'; length];
        let signature = sign(&desk, &key, SignMode::Pkcs1, &octets);
        // RFC 8017 §9.2, without the DigestInfo.
        let filling = vec![0xff; 253 - length];
        let padded = [&[0x00, 0x01], filling.as_slice(), &[0x00], &octets].concat();
        assert_eq!(recovered(&public, &signature), padded);
    }
    let wish = SignRequest {
        mode: SignMode::Pkcs1,
        message: vec![b'a'; 246].into(),
    };
    assert!(matches!(
        desk.operator().sign(&key, &wish),
        Err(Error::BadRequest { .. })
    ));
}

fn import(
    desk: &Desk,
    key_type: KeyType,
    mechanism: KeyMechanism,
    private: PrivateKeyData,
) -> KeyId {
    let wish = ImportKey {
        mechanisms: vec![mechanism],
        key_type,
        private,
        restrictions: Restrictions::default(),
        label: KeyLabel::default(),
    };
    desk.admin().add_key(&wish).expect("imported")
}

fn secret(digits: &str) -> SecretOctets {
    SecretOctets::new(hex::decode(digits).expect("digits"))
}

#[test]
fn imported_keys_are_the_keys_that_were_sent() {
    let desk = Desk::at_work();
    // RFC 8032 §7.1, test 2.
    let seed = secret("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = import(
        &desk,
        KeyType::Curve25519,
        KeyMechanism::EdDsaSignature,
        PrivateKeyData::plain(seed),
    );
    let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    assert_eq!(hex::encode(point(&desk, &key)), public);
    assert_eq!(
        hex::encode(sign(&desk, &key, SignMode::EdDsa, &[0x72])),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );

    // RFC 6979 appendix A.2.5: a key on P-256.
    let scalar = secret("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let key = import(
        &desk,
        KeyType::EcP256,
        KeyMechanism::EcdsaSignature,
        PrivateKeyData::plain(scalar),
    );
    assert_eq!(
        hex::encode(point(&desk, &key)),
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
         7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    );
}

#[test]
fn imported_primes_make_a_key_that_signs() {
    let desk = Desk::at_work();
    // Two primes of 1024 bits, made for this test.
    let p = "d93fc4bc196e91c4ddd0bde041d15c03ae0f31cf810d0b62ee7b36ccceef409a\
             c4957602b992f2b3e642b59403fb65ca1aac368abeff89dde864eafa96b374fd\
             cd61b0d75394109eff046093a2aac1b09173b64d8aa44a1938b4bd3d86b75c67\
             6013f9edacdc3a502f1b9550caaeb4930585ca4e82ad23d69713bd58225682db";
    let q = "c20e2ed0506743eedfddc338290fb7d5dc6dd955b776054b7ad77597624269e9\
             fdd4f77c31bd142b2320a247e91da9a9d073d2be58a44cad301dca2bb91b6f90\
             496bd2f9fa0d85434699df55454bb855b37b7039f4f1ca449fb6e67c235834dc\
             e565ef6426f620314fd365f33b7dd4f1c041e6b19039e800a155a089675168fd";
    let key = import(
        &desk,
        KeyType::Rsa,
        KeyMechanism::RsaSignaturePkcs1,
        PrivateKeyData::rsa(secret(p), secret(q), secret("010001")),
    );
    let sha256 = info(SHA256_INFO, digest(&SHA256, MESSAGE).as_ref());
    let signature = sign(&desk, &key, SignMode::Pkcs1, &sha256);
    components(&desk, &key)
        .verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signature)
        .expect("verified");

    let refused = |p: &str, q: &str| {
        let wish = ImportKey {
            mechanisms: vec![KeyMechanism::RsaSignaturePkcs1],
            key_type: KeyType::Rsa,
            private: PrivateKeyData::rsa(secret(p), secret(q), secret("010001")),
            restrictions: Restrictions::default(),
            label: KeyLabel::default(),
        };
        desk.admin()
            .add_key(&wish)
            .expect_err("refused")
            .to_string()
    };
    assert!(refused(p, "").contains("invalid prime q"));
    assert!(refused("0f", q).contains("invalid prime p"));
    assert!(refused(p, p).contains("invalid prime q"));
}
